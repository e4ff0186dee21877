"""Lists that the council takes away as files: what their columns are, how a cell is made harmless, who took which."""
