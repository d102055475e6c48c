"""EmbeddedPostgres: a server for as long as somebody uses it, shared by who names its folder."""

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from service.embedded.binaries import find_programs
from service.embedded.cluster import SUPERUSER, read_password
from service.embedded.configuration import HOST, check_overrides
from service.embedded.errors import EmbeddedPostgresError, FolderUnusableError, NotStartedError
from service.embedded.folder import SYSTEM_FOLDER, Home, find_home
from service.embedded.locks import Use, exclusive
from service.embedded.processes import Process, Wake, WokenError, pause
from service.embedded.server import Server

logger = logging.getLogger(__name__)

LOG_CHECK = 60.0  # seconds between two looks at the size of the server's log
PORT_PATIENCE = 10.0  # seconds that a restart waits for the port, which the users know
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds between two attempts to bring it back


class EmbeddedPostgres:
    """A PostgreSQL server of our own in a folder.

        with EmbeddedPostgres(folder) as server:
            server.watch()
            connect(server.url)

    Objects and processes that name the same folder share one server. Who comes first starts it
    (or adopts what a killed process left running), the last one to leave stops it, and the
    settings are those of who started it. Safe to use from several threads.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] = MappingProxyType({}),
        system_folder: Path = SYSTEM_FOLDER,
    ) -> None:
        """Name the folder; nothing is touched before start().

        `settings` override ours (see configuration.py), by the names of postgresql.conf.
        `system_folder` is where data and programs go when root starts the server and its
        unprivileged user can't reach the folder.
        """
        check_overrides(settings)
        self._folder = folder.resolve()
        self._settings = dict(settings)
        self._system_folder = system_folder.resolve()
        self._mutex = threading.RLock()
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        """The superuser's address, postgresql://coalition_admin:PASSWORD@127.0.0.1:PORT/postgres.

        Raises NotStartedError before start() and after stop().
        """
        running = self._running
        if running is None:
            raise NotStartedError
        return running.url

    def start(self) -> str:
        """Make sure that the server runs and that we count as its user; returns the url.

        Returns when the server takes connections, however long its recovery takes. Calling it
        again brings back a server that ended meanwhile. Raises EmbeddedPostgresError.
        """
        with self._mutex:
            if self._running is None:
                self._running = self._enter()
            else:
                self._running.bring_up()
            return self._running.url

    def watch(self) -> None:
        """Bring the server back on its port whenever it dies, in the background until stop()."""
        with self._mutex:
            if self._running is None:
                raise NotStartedError
            self._running.watch()

    def stop(self) -> None:
        """Stop using the server; the last user shuts it down and waits for its end."""
        with self._mutex:
            running, self._running = self._running, None
            if running is not None:
                running.leave()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _enter(self) -> "_Running":
        try:
            home = find_home(self._folder, self._system_folder)
            programs = find_programs(home.account, self._system_folder)
            server = Server(home, programs, self._settings)
            return _Running(home, server)
        except PermissionError as error:
            raise FolderUnusableError(
                f"{self._folder} can't be used ({error}): start as the user it belongs to, or "
                f"choose another folder"
            ) from error


class _Running:
    """Our use of a running server, from entering to leaving."""

    def __init__(self, home: Home, server: Server) -> None:
        self._home = home
        self._server = server
        self._pid = os.getpid()
        self._watcher: tuple[threading.Thread, Wake] | None = None
        with exclusive(home.starting_lock):
            self._use = Use(home.users_lock)
            try:
                self.url = self._address(server.bring_up())
            except BaseException:
                self._leave()
                raise

    def bring_up(self, *, patience: float = 0, wake: Wake | None = None) -> None:
        """Have it running, and the url right."""
        with exclusive(self._home.starting_lock):
            url = self._address(self._server.bring_up(patience=patience, wake=wake))
        if url != self.url:
            logger.error("the embedded server had to move to another port: see its new url")
            self.url = url

    def watch(self) -> None:
        """Begin to watch, once."""
        if self._watcher is None:
            wake = Wake()
            thread = threading.Thread(
                target=self._keep_alive, args=[wake], name="embedded-postgres", daemon=True
            )
            self._watcher = thread, wake
            thread.start()

    def leave(self) -> None:
        """End watching and using it, and the server with its last user."""
        if os.getpid() != self._pid:  # in a forked child the use is the parent's
            self._use.forget()
            return
        if self._watcher is not None:
            thread, wake = self._watcher
            wake.set()
            thread.join()
            wake.close()
        if not self._home.path.is_dir():
            logger.warning("%s was deleted: its server ends by itself", self._home.path)
            self._use.leave()
            return
        with exclusive(self._home.starting_lock):
            self._leave()

    def _leave(self) -> None:
        if self._use.leave():
            self._server.shut_down()

    def _address(self, port: int) -> str:
        return f"postgresql://{SUPERUSER}:{read_password(self._home)}@{HOST}:{port}/postgres"

    def _keep_alive(self, wake: Wake) -> None:
        next_pause = FIRST_PAUSE
        while True:
            try:
                process = self._server.postmaster()
                if process is not None:
                    self._await_end(process, wake)
                logger.warning("the embedded server ended unexpectedly: bringing it back")
                self.bring_up(patience=PORT_PATIENCE, wake=wake)
                next_pause = FIRST_PAUSE
            except WokenError:
                return
            except (EmbeddedPostgresError, OSError) as error:
                logger.error("%s (next attempt in %.0f s)", error, next_pause)
                try:
                    pause(next_pause, wake)
                except WokenError:
                    return
                next_pause = min(2 * next_pause, LONGEST_PAUSE)

    def _await_end(self, process: Process, wake: Wake) -> None:
        with process:
            while not process.ended(LOG_CHECK, wake):
                self._server.log.cut()
