"""What notifies whom: random stories of three people held against a plain model."""
