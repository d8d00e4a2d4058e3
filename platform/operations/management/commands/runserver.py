"""`runserver` with the embedded threads beside it."""

from whitenoise.runserver_nostatic.management.commands.runserver import Command as Runserver

from operations import embedded


class Command(Runserver):
    def on_bind(self, server_port: int) -> None:
        """Called where the port is bound: in the serving process, never in the reloader's parent.

        So what the threads call (the sandbox's webhooks) is answered from the first moment.
        """
        self.greet(server_port)
        embedded.start_all()

    def greet(self, server_port: int) -> None:
        super().on_bind(server_port)
