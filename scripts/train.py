"""Train from a checkout: python scripts/train.py experiment=phantom; the same as `ctpet train`."""

from ctpet.learn.command import main

if __name__ == "__main__":
    main()
