"""The smallest source that the CDK accepts; each finding overrides what it is about."""

import sys

from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.streams import Stream


class TinyStream(Stream):
    name = "s"
    primary_key = "id"
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}}

    def get_json_schema(self):
        return self.schema

    def read_records(self, *_, **__):
        yield {"id": 1}


class TinySource(AbstractSource):
    def spec(self, logger):
        return ConnectorSpecification(connectionSpecification={
            "type": "object", "required": ["host"],
            "properties": {"host": {"type": "string"}, "password": {"type": "string", "airbyte_secret": True}}})

    def check_connection(self, logger, config):
        return True, None

    def streams(self, config):
        return [TinyStream()]


def run(source):
    launch(source, sys.argv[1:])
