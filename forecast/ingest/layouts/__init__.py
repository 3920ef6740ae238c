"""The source layouts, one module each; ``detect.LAYOUTS`` lists them."""
