"""What several layouts share: columns of items to tidy rows, units, checks."""
