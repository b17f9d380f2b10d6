"""`python -m g3lite.cli`."""

from g3lite.cli.main import main

main()
