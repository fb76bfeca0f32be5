"""CIFAR-10 and Fashion-MNIST in their real formats, small, from a server on this machine that may misbehave."""

import gzip
import hashlib
import io
import socket
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from course_lib import data
from course_lib.data import cifar, downloading, fashion
from course_lib.data.downloading import DataError, RemoteFile, fetch

CONTENT = np.random.default_rng(0).bytes(1_000_003)


@dataclass
class Server:
    """Serves bytes by name; the lists are consumed, one entry per request."""

    files: dict[str, bytes] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)  # errors to answer with
    cuts: list[int] = field(default_factory=list)  # bytes after which to hang up
    knows_ranges: bool = True
    announces: bool = True  # how long the file is
    shift: int = 0  # bytes by which a range starts too late
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def remote(self, name: str, content: bytes) -> RemoteFile:
        self.files[name] = content
        return RemoteFile(f"{self.url}/{name}", len(content), hashlib.sha256(content).hexdigest())


def handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            server.requests.append((self.path, asked))
            if server.statuses:
                return self.send_error(server.statuses.pop(0))
            content, start = server.files[self.path[1:]], 0
            if asked and server.knows_ranges:
                start = int(asked.removeprefix("bytes=").removesuffix("-")) + server.shift
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            body = content[start:]
            if server.announces:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: server.cuts.pop(0)] if server.cuts else body)
            return None

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    state = Server()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(state)) as http:
        state.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


def test_a_file_is_fetched_once(server: Server, tmp_path: Path):
    file = server.remote("set.bin", CONTENT)
    path = fetch(file, tmp_path / "new" / "folder")
    assert path.read_bytes() == CONTENT
    assert fetch(file, tmp_path / "new" / "folder") == path
    assert server.requests == [("/set.bin", None)]
    assert left_in(path.parent) == {"set.bin"}


def test_a_copy_from_elsewhere_needs_no_network(tmp_path: Path):
    (tmp_path / "set.bin").write_bytes(CONTENT)
    file = RemoteFile("http://127.0.0.1:9/set.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert fetch(file, tmp_path).read_bytes() == CONTENT


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path):
    file = server.remote("set.bin", CONTENT)
    server.cuts = [400_000, 300_000]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=400000-", "bytes=700000-"]


def test_a_connection_may_break_without_a_word_about_the_length(server: Server, tmp_path: Path):
    file = server.remote("set.bin", CONTENT)
    server.announces, server.cuts = False, [400_000]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=400000-"]


def test_the_next_call_goes_on_where_the_last_one_gave_up(server: Server, tmp_path: Path):
    file = server.remote("set.bin", CONTENT)
    server.cuts = [1000] * (downloading.MAX_INTERRUPTIONS + 1)
    with pytest.raises(DataError, match=r"set.bin broke off 6 times, got 6000 of 1000003 bytes \(.*\); another"):
        fetch(file, tmp_path)
    assert left_in(tmp_path) == {"set.bin.part"}
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert server.requests[-1] == ("/set.bin", "bytes=6000-")
    assert left_in(tmp_path) == {"set.bin"}


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path):
    file = server.remote("set.bin", CONTENT)
    server.knows_ranges = False
    server.cuts = [400_000]
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=400000-"]


@pytest.mark.parametrize("size", [500_000, len(CONTENT), len(CONTENT) + 10])
def test_a_wrong_beginning_is_thrown_away(server: Server, tmp_path: Path, size: int):
    file = server.remote("set.bin", CONTENT)
    (tmp_path / "set.bin.part").write_bytes(bytes(size))
    assert fetch(file, tmp_path).read_bytes() == CONTENT
    assert server.requests[-1] == ("/set.bin", None)


@pytest.mark.parametrize(
    "damage",
    [lambda c: c[:-1], lambda c: b"", lambda c: c + b"0", lambda c: c[:500] + bytes([c[500] ^ 1]) + c[501:]],
    ids=["truncated", "empty", "longer", "one bit"],
)
def test_a_damaged_copy_is_replaced(server: Server, tmp_path: Path, damage: Callable):
    file = server.remote("set.bin", CONTENT)
    (tmp_path / "set.bin").write_bytes(damage(CONTENT))
    assert fetch(file, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("damage", "got"),
    [
        (lambda c: c + b"0", "1000004"),
        (lambda c: c + bytes(10**6), "(2000003|1000004)"),
        (lambda c: c[:500] + bytes([c[500] ^ 1]) + c[501:], "1000003 with"),
    ],
    ids=["one byte too long", "much too long", "one bit"],
)
def test_a_wrong_file_from_the_server_is_never_used(
    server: Server, tmp_path: Path, damage: Callable, got: str, announced: bool
):
    file = server.remote("set.bin", CONTENT)
    server.files["set.bin"], server.announces = damage(CONTENT), announced
    with pytest.raises(DataError, match=f"set.bin must hold 1000003 bytes.*, got {got}"):
        fetch(file, tmp_path)
    assert left_in(tmp_path) == set()
    assert len(server.requests) == 1


def test_an_error_page_in_place_of_the_file_is_not_kept(server: Server, tmp_path: Path):
    file = server.remote("set.bin", CONTENT)
    server.files["set.bin"] = b"<html>Please log in to this network</html>"
    with pytest.raises(DataError, match="set.bin must hold 1000003 bytes, got 42$"):
        fetch(file, tmp_path)
    assert left_in(tmp_path) == set()


def test_a_damaged_copy_stays_until_a_good_one_is_there_but_is_not_used(server: Server, tmp_path: Path):
    file = server.remote("set.bin", CONTENT)
    (tmp_path / "set.bin").write_bytes(b"what the user had")
    server.statuses = [503]
    with pytest.raises(DataError, match=r"set.bin could not be reached \(503 Service Unavailable\)"):
        fetch(file, tmp_path)
    assert (tmp_path / "set.bin").read_bytes() == b"what the user had"


def test_a_server_that_falls_silent_counts_as_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It promises ten bytes, sends three and waits; on the second connection it sends the rest."""
    monkeypatch.setattr(downloading, "TIMEOUT_S", 0.2)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    quiet = threading.Event()

    def serve(listener: socket.socket) -> None:
        first, _ = listener.accept()
        first.recv(4096)
        first.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012")
        second, _ = listener.accept()
        second.recv(4096)
        second.sendall(b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 3-9/10\r\nContent-Length: 7\r\n\r\n3456789")
        quiet.wait(10)
        first.close()
        second.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/set.bin"
        file = RemoteFile(url, 10, hashlib.sha256(b"0123456789").hexdigest())
        assert fetch(file, tmp_path).read_bytes() == b"0123456789"
        quiet.set()
        thread.join()


def test_a_server_that_goes_on_elsewhere_is_refused(server: Server, tmp_path: Path):
    file = server.remote("set.bin", CONTENT)
    (tmp_path / "set.bin.part").write_bytes(CONTENT[:500])
    server.shift = 100
    with pytest.raises(DataError, match=r"set.bin must go on from byte 500, got the range 'bytes 600-1000002/1000003'"):
        fetch(file, tmp_path)
    assert (tmp_path / "set.bin.part").read_bytes() == CONTENT[:500]


def test_two_at_once_fetch_the_file_once(server: Server, tmp_path: Path):
    file = server.remote("set.bin", CONTENT)
    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(fetch(file, tmp_path).read_bytes())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [CONTENT] * 4
    assert len(server.requests) == 1


def test_only_the_web_is_asked(tmp_path: Path):
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(DataError, match="^url must begin with http:// or https://, got file:///"):
        fetch(RemoteFile(f"file://{tmp_path}/secret", 6, "0"), tmp_path / "cache")


def test_where_downloads_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert data.data_folder() == Path.home() / ".cache" / "cnn-course"
    monkeypatch.setenv("XDG_CACHE_HOME", "/tmp/cache")
    assert data.data_folder() == Path("/tmp/cache/cnn-course")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert data.data_folder() == tmp_path


CIFAR_PARTS = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]


def cifar_records(number: int, count: int = 3) -> bytes:
    """Image i of file `number`: label i, and pixels that tell file, channel, row and column apart."""
    channel, row, column = np.mgrid[:3, :32, :32]
    pixels = (number + 5 * channel + 3 * row + 2 * column).astype(np.uint8)
    return b"".join(bytes([i]) + pixels.tobytes() for i in range(count))


def cifar_members(**changes: bytes | None) -> dict[str, bytes]:
    files = {name: cifar_records(number) for number, name in enumerate(CIFAR_PARTS, 1)}
    files |= {f"{name}.bin": content for name, content in changes.items()}
    members = {f"cifar-10-batches-bin/{name}": content for name, content in files.items() if content is not None}
    return {"cifar-10-batches-bin/batches.meta.txt": b"airplane\n"} | members


def archive(members: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        folder = tarfile.TarInfo("cifar-10-batches-bin")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for info in others:
            tar.addfile(info, io.BytesIO(bytes(info.size)))
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return target.getvalue()


def test_cifar10(server: Server, tmp_path: Path):
    source = server.remote("cifar-10-binary.tar.gz", archive(cifar_members()))
    loaded = data.cifar10(tmp_path, source)
    assert loaded.train_images.shape == (15, 3, 32, 32)
    assert loaded.test_images.shape == (3, 3, 32, 32)
    assert (loaded.train_images.dtype, loaded.train_labels.dtype) == (np.float32, np.int64)
    assert loaded.train_labels.tolist() == [0, 1, 2] * 5
    assert loaded.class_names[loaded.test_labels[2]] == "bird"
    for n, c, i, j in [(0, 0, 0, 0), (4, 1, 7, 30), (14, 2, 31, 31)]:
        value = (1 + n // 3 + 5 * c + 3 * i + 2 * j) % 256
        assert loaded.train_images[n, c, i, j] == np.float32(value) / np.float32(255)
    assert loaded.test_images[0, 0, 0, 0] == np.float32(6 / 255)
    assert left_in(tmp_path) == {"cifar-10-binary.tar.gz"}  # nothing was unpacked
    assert isinstance(data.split(loaded.train_images, loaded.train_labels), data.Split)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


@pytest.mark.parametrize(
    "other",
    [
        member("../outside.bin", size=3),
        member("cifar-10-batches-bin/../../outside.bin", size=3),
        member("/outside.bin", size=3),
        member("..\\outside.bin", size=3),
        member("cifar-10-batches-bin/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("cifar-10-batches-bin/link", tarfile.LNKTYPE, "../../etc/passwd"),
        member("cifar-10-batches-bin/pipe", tarfile.FIFOTYPE),
        member("cifar-10-batches-bin/disk", tarfile.BLKTYPE),
    ],
    ids=lambda info: f"{info.name}-{info.type.decode()}",
)
def test_an_archive_with_path_tricks_is_refused(server: Server, tmp_path: Path, other: tarfile.TarInfo):
    source = server.remote("cifar.tar.gz", archive(cifar_members(), other))
    folder = tmp_path / "a" / "b"
    with pytest.raises(DataError, match="cifar10: .* must hold plain files inside its own folder, got "):
        data.cifar10(folder, source)
    assert left_in(tmp_path) == {"a"}
    assert left_in(folder) == {"cifar.tar.gz"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (archive(cifar_members(data_batch_3=None)), "must hold .*, got none of the name .*/data_batch_3.bin"),
        (archive(cifar_members(data_batch_3=b"")), "data_batch_3.bin must hold records of 3073 bytes, got 0 bytes"),
        (archive(cifar_members(test_batch=bytes(3074))), "test_batch.bin must hold records of 3073 bytes, got 3074"),
        (
            archive(cifar_members(data_batch_5=bytes([10] + [0] * 3072))),
            "data_batch_5.bin must hold labels from 0 to 9",
        ),
        (
            archive(cifar_members(), member("cifar-10-batches-bin/test_batch.bin", size=3073)),
            "test_batch.bin must be one file of at most 30730000 bytes",
        ),
        (
            archive(cifar_members(test_batch=None), member("cifar-10-batches-bin/test_batch.bin", size=30_730_001)),
            "test_batch.bin must be one file of at most 30730000 bytes",
        ),
        (archive(cifar_members())[:-300], "must be a whole tar.gz archive, got"),
        (b"<html>login required</html>", "must be a whole tar.gz archive, got"),
        (gzip.compress(bytes(range(256)) * 9), "must be a whole tar.gz archive, got"),
    ],
    ids=["missing", "empty", "odd size", "label", "doubled", "too large", "truncated", "html", "no tar"],
)
def test_an_archive_with_other_content_is_refused(server: Server, tmp_path: Path, content: bytes, message: str):
    """Even with the checksum that was asked for."""
    with pytest.raises(DataError, match=f"^cifar10: .*{message}"):
        data.cifar10(tmp_path, server.remote("cifar.tar.gz", content))


def idx(array: np.ndarray, code: int = 8) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def fashion_files(server: Server, **changes: bytes) -> fashion.FashionFiles:
    rng = np.random.default_rng(1)
    contents = {
        "train_images": idx(rng.integers(256, size=(7, 28, 28))),
        "train_labels": idx(np.arange(7)),
        "test_images": idx(np.full((3, 28, 28), 51)),
        "test_labels": idx(np.array([9, 0, 5])),
    } | changes
    return fashion.FashionFiles(
        **{name: server.remote(f"{name}-ubyte.gz", gzip.compress(content)) for name, content in contents.items()}
    )


def test_fashion_mnist(server: Server, tmp_path: Path):
    loaded = data.fashion_mnist(tmp_path, fashion_files(server))
    assert loaded.train_images.shape == (7, 1, 28, 28)
    assert loaded.test_images.shape == (3, 1, 28, 28)
    assert (loaded.train_images.dtype, loaded.train_labels.dtype) == (np.float32, np.int64)
    expected = np.random.default_rng(1).integers(256, size=(7, 28, 28)).astype(np.float32) / 255
    np.testing.assert_array_equal(loaded.train_images[:, 0], expected)
    assert set(loaded.test_images.ravel()) == {np.float32(0.2)}
    assert [loaded.class_names[label] for label in loaded.test_labels] == ["Ankle boot", "T-shirt/top", "Sandal"]
    assert len(server.requests) == 4


IMAGES, LABELS = np.zeros((7, 28, 28)), np.arange(7)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_images": idx(IMAGES)[:-1]}, r"must hold the 5488 entries of its header, \(7, 28, 28\), got 5487"),
        ({"train_images": idx(IMAGES) + b"0"}, "must hold the 5488 entries of its header, .*, got 5489"),
        ({"train_images": idx(IMAGES, code=13)}, r"must be an idx file of bytes with 3 axes, got \(0, 13, 3\)"),
        ({"train_images": idx(LABELS)}, r"must be an idx file of bytes with 3 axes, got \(0, 8, 1\)"),
        ({"train_images": b"\0\0"}, "must be a whole gzipped idx file, got"),
        ({"train_images": struct.pack(">HBB3I", 0, 8, 3, *[2**32 - 1] * 3)}, "must be a whole gzipped idx file, got"),
        ({"train_images": idx(np.zeros((7, 28, 27)))}, r"must hold 28x28 images, .*, got \(7, 28, 27\) and \(7,\)"),
        ({"test_labels": idx(np.arange(4))}, r"one for each label in .*, got \(3, 28, 28\) and \(4,\)"),
        ({"train_images": idx(IMAGES[:0]), "train_labels": idx(LABELS[:0])}, "must hold 28x28 images, one for each"),
        ({"train_labels": idx(LABELS + 4)}, "must hold labels from 0 to 9, got 10"),
    ],
)
def test_other_idx_files_are_refused(server: Server, tmp_path: Path, changes: dict, message: str):
    with pytest.raises(DataError, match=f"^fashion_mnist: .*{message}"):
        data.fashion_mnist(tmp_path, fashion_files(server, **changes))


@pytest.mark.parametrize("damage", [lambda c: c[:-9], lambda c: c[:30] + b"XXXX" + c[34:], lambda c: b"no gzip"])
def test_damaged_gzip_is_refused(tmp_path: Path, damage: Callable):
    path = tmp_path / "images.gz"
    path.write_bytes(damage(gzip.compress(idx(np.random.default_rng(0).integers(256, size=(3, 28, 28))))))
    with pytest.raises(DataError, match="images.gz must be a whole gzipped idx file, got"):
        fashion.read_idx(path, 3)


def test_offline_the_error_names_what_works_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def no_network(*_: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    for load in (data.cifar10, data.fashion_mnist):
        message = rf"^{load.__name__}: https://.*gz could not be reached \(.*name resolution.*\)\. "
        with pytest.raises(DataError, match=message + r"Sets .*digits\(\), data.photos\(\), data.glyphs\(\)$"):
            load(tmp_path)
    assert left_in(tmp_path) == set()


def test_by_default_downloads_go_to_the_data_folder(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    data.cifar10(source=server.remote("cifar.tar.gz", archive(cifar_members())))
    data.fashion_mnist(source=fashion_files(server))
    assert left_in(tmp_path) == {"cifar.tar.gz", "fashion_mnist"}


def test_the_published_files_are_named_with_whole_checksums():
    files = [cifar.CIFAR10_FILE, *vars(fashion.FASHION_MNIST_FILES).values()]
    assert [file.name for file in files] == [
        "cifar-10-binary.tar.gz",
        *("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
        *("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
    ]
    for file in files:
        assert file.url.startswith("https://")
        assert len(bytes.fromhex(file.sha256)) == 32
        assert replace(file, url="https://mirror.example/a/b.gz?x=1").name == "b.gz"
