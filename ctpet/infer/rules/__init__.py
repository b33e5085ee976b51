"""What the input guard looks at, one idea a module; :mod:`ctpet.infer.guard` asks them in order."""
