//! Chunk sizes, extensions and ends.

use super::Row;

#[rustfmt::skip] // a row is read as a block
pub(super) const ROWS: &[Row] = &[
    Row { name: "an extension", rfc: "9112 §7.1.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &[],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "trailers", rfc: "9112 §7.1.2",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: u\r\n\r\n",
        ],
        want: "GET /a -> 200 {T: u} \"hello\"", notes: &[],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "lines that end with LF alone, in chunks", rfc: "9112 §2.2",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["bare-lf"],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "CR CR LF", rfc: "9112 §2.2",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["bare-cr"],
        tshark: "GET /a; 200 \"\\r\\nhel\" \"0\\r\\n\\r\\n\"", browser: "Firefox the same" },
    Row { name: "white space after the size", rfc: "9112 §7.1.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["odd-chunk-size"],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "white space before the size", rfc: "9112 §7.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["odd-chunk-size"],
        tshark: "GET /a; 200 \"hello\"", browser: "Firefox the same" },
    Row { name: "0x before the size", rfc: "9112 §7.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["odd-chunk-size"],
        tshark: "GET /a; 200 \"hello\"", browser: "Firefox the same" },
    Row { name: "junk after the size", rfc: "9112 §7.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5x\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["odd-chunk-size"],
        tshark: "GET /a; 200 \"hello\"", browser: "Firefox the same" },
    Row { name: "no line end after the data", rfc: "9112 §7.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["chunk-without-end"],
        tshark: "GET /a; 200 \"hello\"", browser: "Firefox the same; Chrome refuses the rest" },
    Row { name: "a size beyond 64 bits", rfc: "9112 §7.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello",
        ],
        want: "GET /a -> 200 \"fffffffffffffffff\\r\\nhello\"", notes: &["chunk-size-overflow", "not-chunked"],
        tshark: "GET /a; 200", browser: "refuse it" },
    Row { name: "no size, after a good chunk", rfc: "9112 §7.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        ],
        want: "GET /a -> 200 \"hello\" (cut) | - -> 200 \"hello\"", notes: &["invalid-chunk-size"],
        tshark: "GET /a; 200 \"hello\"", browser: "refuse the rest" },
    Row { name: "no last chunk", rfc: "9112 §8",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ],
        want: "GET /a -> 200 \"hello\" (cut)", notes: &["incomplete-body"],
        tshark: "GET /a", browser: "the same, and tell an error" },
];
