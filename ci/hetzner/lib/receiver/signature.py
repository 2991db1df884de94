"""Whether GitHub signed a body. Pure.

Source: docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import hashlib
import hmac

HEADER = "X-Hub-Signature-256"


def is_valid(secret: str, body: bytes, given: str) -> bool:
    """Whether `given`, the value of the header, signs exactly these bytes with the secret.

    It takes the same time whatever is given: no one learns a signature by trying.
    """
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    # a header may hold characters that are not ASCII, which compare_digest refuses as text
    return hmac.compare_digest(f"sha256={digest}".encode(), given.encode(errors="replace"))
