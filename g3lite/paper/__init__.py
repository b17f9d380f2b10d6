"""The tables and figures of the paper, as published and as they come out on MiniEarth."""
