"""Plays a sale over HTTP and judges it by what PostgreSQL holds afterwards."""
