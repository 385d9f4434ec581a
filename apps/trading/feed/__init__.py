"""The feed: prices and our own orders, from streams and, when they fail, from polling."""
