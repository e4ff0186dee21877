"""The sale as the council watches it: figures that are made once a second for everybody who looks, and their plots."""
