"""The series as a web site that works without a network, and the tables that it shows.

`build.build` writes the site, `tables` reads what `notebooks/course/` says about the paper, the
symbols and the words. `pip install -e ".[notebooks,site]"` installs the tools.
"""
