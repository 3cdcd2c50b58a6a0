"""One file a vendor, named as the provider's `type` in the config; its `__all__` names the dialect's class."""
