"""The Stripe that runs on a laptop: the embedded default, and the double in tests.

It speaks Stripe's protocol at one API version, keeps its objects in a database of its own (alias
`sandbox`), and has pages that people can use. It exists only while STRIPE_SANDBOX is on.

Two doors, one dispatcher. In this process, without a socket:

    from payments.sandbox.client import SandboxHTTPClient

    client = stripe.StripeClient(settings.SANDBOX_KEY, http_client=SandboxHTTPClient())
    client.v1.customers.create({"email": "learner@example.com"})

and over HTTP, for another process or another language:

    client = stripe.StripeClient(
        settings.SANDBOX_KEY, base_addresses={"api": "http://localhost:8000/sandbox"}
    )

Webhooks wait in an outbox, signed with `outbox.SIGNING_SECRET`. Under `make run` a thread posts
them to BASE_URL/payments/webhook/ (outbox.start_thread); tests hand them over themselves:

    outbox.deliver_due(send, clock.now())  # send(body: bytes, headers: dict[str, str]) -> status

What a buyer does has functions too (completing.pay_by_card(…), completing.pay_by_wallet(…)), and
so has time: `payments.sandbox.time.advance(by=timedelta(days=7))` moves the site's clock and does
all that falls due meanwhile, in order. Faults on demand: `faults.plan("rate_limit", times=2)`.

    operations.py     the table of operations; each subject's module fills it
    dispatch.py       request -> one transaction -> answer; idempotency.py, expand.py, faults.py
    store.py          objects as JSON, timers; events.py tells of changes, outbox.py delivers
    checkout.py, completing.py, payment.py, invoices.py, subscriptions.py, cycle.py, …
"""

# The version of Stripe's API that the sandbox speaks: that of the SDK it was written against.
API_VERSION = "2026-10-28.endive"
