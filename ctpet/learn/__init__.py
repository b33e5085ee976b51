"""The lab: train networks on prepared cases and export them. The one package that needs torch."""
