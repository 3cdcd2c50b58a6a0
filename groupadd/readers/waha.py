"""WAHA: the server that several vendors seem to run on.

Source: devlikeapro/waha and its documentation.
"""

from collections.abc import Mapping

STATES: Mapping[str, bool] = {
    "WORKING": True,
    "STOPPED": False,
    "STARTING": False,
    "SCAN_QR_CODE": False,
    "PASSKEY_REQUIRED": False,
    "PASSKEY_CONFIRMATION_REQUIRED": False,
    "FAILED": False,
}
