"""`python -m ctpet` is `ctpet`."""

from ctpet.cli import main

main()
