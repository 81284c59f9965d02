"""moto's server, with what its CloudFormation does not know of the kit's templates, and its KMS does not sign."""

from moto.server import main

from mock_aws import kms, resources

kms.install()
resources.install()
main()
