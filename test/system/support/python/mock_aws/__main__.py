"""moto's server, with what its CloudFormation does not know of the kit's templates."""

from moto.server import main

from mock_aws import resources

resources.install()
main()
