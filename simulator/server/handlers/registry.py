"""The table of RPC methods: a method's name, how its arguments are decoded, and its envelope."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulator.server import wire
from simulator.server.wire import Decoder, Malformed, Refusal

if TYPE_CHECKING:
    from simulator.server.server import Server

Method = Callable[["Server", list[Any]], Any]
METHODS: dict[str, Method] = {}
EXTENSION_METHODS: dict[str, Method] = {}


def not_awaited(parameters: list[Any]) -> bool:
    """Whether the client does not look at the answer, so that an error reaches its user through the log alone."""
    match parameters:
        case [[asynchronous, *_], *_]:
            return bool(asynchronous)
    return False


def _method(
    name: str, handler: Callable[..., Any], decoders: tuple[Decoder, ...], success: Any, failure: Callable[[str], Any]
) -> Method:
    count = len(decoders)

    def answer(server: Server, parameters: list[Any]) -> Any:
        try:
            arguments = parameters[1:]  # the first is the client's metadata
            if len(arguments) != count:
                raise Malformed(f"{len(arguments)} arguments, expected {count}")
            return success(handler(server, *[decode(value) for decode, value in zip(decoders, arguments, strict=True)]))
        except Refusal as refusal:
            if not_awaited(parameters):
                server.faults.tell(name, refusal)
            return failure(str(refusal))
        except Malformed as error:
            server.faults.tell(name, error)
            return failure(f"{name}: {error}")
        except Exception as error:  # one request's fault must not end the others' simulation
            server.faults.tell(name, error, bug=True)
            return failure(f"{name}: internal error: {error!r}; see the server's log")

    return answer


def query(*decoders: Decoder, name: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a handler whose result is a value; the method is called as the function."""

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        method = name or handler.__name__
        METHODS[method] = _method(method, handler, decoders, wire.success, wire.failure)
        return handler

    return register


def command(*decoders: Decoder) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a handler without a result."""

    def register(handler: Callable[..., None]) -> Callable[..., None]:
        method = handler.__name__
        METHODS[method] = _method(method, handler, decoders, lambda _: wire.done(), wire.undone)
        return handler

    return register


def bare(*decoders: Decoder) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a handler that makes its own envelopes: ``apply_batch``. Unreadable requests get one error."""

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        method = handler.__name__
        METHODS[method] = _method(
            method, handler, decoders, lambda value: value, lambda message: [wire.failure(message)]
        )
        return handler

    return register


def extension(name: str, *decoders: Decoder) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers one of Longtail's own methods."""

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        EXTENSION_METHODS[name] = _method(name, handler, decoders, wire.success, wire.failure)
        return handler

    return register


def unsupported(*, commands: tuple[str, ...] = (), queries: tuple[str, ...] = ()) -> None:
    """Registers methods of CARLA's that are not simulated: they say so."""
    for names, failure in ((commands, wire.undone), (queries, wire.failure)):
        for name in names:
            answer = failure(f"{name}: not supported by the embedded server")
            METHODS[name] = lambda server, parameters, answer=answer: answer  # type: ignore[misc]
