"""Signatures over digests: moto signs a digest as it signs a message, by taking its digest again."""

import base64
import json

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from moto.kms.responses import KmsResponse

_DIGESTS = {"ECDSA_SHA_256": SHA256(), "ECDSA_SHA_384": SHA384()}


def install() -> None:
    sign_message = KmsResponse.sign

    def sign(self: KmsResponse) -> str:
        algorithm = self._get_param("SigningAlgorithm")
        if self._get_param("MessageType") != "DIGEST" or algorithm not in _DIGESTS:
            return sign_message(self)
        key = self.kms_backend.describe_key(self._get_param("KeyId"))
        how = ec.ECDSA(utils.Prehashed(_DIGESTS[algorithm]))
        signature = key.private_key.private_key.sign(self._get_param("Message"), how)
        return json.dumps(
            {
                "KeyId": key.arn,
                "Signature": base64.b64encode(signature).decode("utf-8"),
                "SigningAlgorithm": algorithm,
            }
        )

    KmsResponse.sign = sign
