"""One file a vendor, named as the vendor names itself; its `__all__` names the provider class."""
