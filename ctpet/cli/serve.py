"""The commands that serve others: the page in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from ctpet.cli.shared import Debug, explained, say
from ctpet.cli.usage import Commands

app = typer.Typer(cls=Commands, no_args_is_help=True, help="Serve a page, or a DICOM node.")


@app.command(epilog="Example: ctpet serve web")
@explained
def web(
    host: Annotated[str, typer.Option(help="Address; beyond loopback with TLS.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8040,
    name: Annotated[
        list[str] | None, typer.Option(help="Name by which browsers reach it; may be repeated.")
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate, PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="Key of the certificate, PEM.")] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="File with the token that browsers must know.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Show CT and synthetic PET of one study in a browser, on this machine.

    Open the address that is told. What is sent to the page stays on this machine, and is erased
    when the server ends. Any other address than this machine's needs TLS, and a token.
    """
    from ctpet.extras import needs_extra

    with needs_extra("web"):
        from ctpet.serve.web.run import Serving, serve
    serve(Serving(host, port, tuple(name or ()), certificate, key, token_file), say)
