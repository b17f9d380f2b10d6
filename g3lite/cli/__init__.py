"""The command `g3lite`."""
