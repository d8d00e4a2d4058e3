"""The contract with Stripe, read off the installed SDK.

The SDK's type declarations say which parameters an operation takes and what it answers, at exactly
the API version that SDK speaks. Here they become JSON Schemas, and in every test whatever goes
through the sandbox (requests, answers, events) is held against them: a renamed field, a removed
parameter or a new SDK fails the build.

    sdk.py         finds classes and operations in the SDK's source (nothing of it is imported)
    schemas.py     turns a class into a JSON Schema
    check.py       validates one exchange or one event
    plugin.py      does so in every test
"""
