//! What Transfer-Encoding may say, and both at once.

use super::Row;

#[rustfmt::skip] // a row is read as a block
pub(super) const ROWS: &[Row] = &[
    Row { name: "chunked", rfc: "9112 §7.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &[],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "chunked in capitals", rfc: "9110 §10.1.4",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &[],
        tshark: "GET /a; 200 \"5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"", browser: "the same" },
    Row { name: "chunked on a folded line", rfc: "9112 §5.2",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["obs-fold"],
        tshark: "GET /a; 200 \" chunked\\r\\n\\r\\n5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"", browser: "the same" },
    Row { name: "something in front of chunked", rfc: "9112 §6.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"",
        notes: &["smuggling-te", "unknown-content-coding"],
        tshark: "GET /a; 200 \"5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"", browser: "until the end" },
    Row { name: "a vertical tab in front of chunked", rfc: "9112 §6.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: \x0bchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"", notes: &["smuggling-te"],
        tshark: "GET /a; 200 \"5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"", browser: "until the end" },
    Row { name: "chunked in quotes", rfc: "9112 §6.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: \"chunked\"\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"", notes: &["smuggling-te"],
        tshark: "GET /a; 200 \"5\\r\\nhello\\r\\n0\\r\\n\\r\\n\"", browser: "until the end" },
    Row { name: "chunked with something behind it", rfc: "9112 §7",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;x=y\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["smuggling-te"],
        tshark: "GET /a; 200 \"hello\"", browser: "until the end" },
    Row { name: "chunked and another coding behind it", rfc: "9112 §6.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["smuggling-te"],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "chunked in two fields", rfc: "9112 §6.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["duplicate-transfer-encoding", "smuggling-te"],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "chunked and a length in an answer", rfc: "9112 §6.3",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["smuggling-te-cl"],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "chunked and a length in a request", rfc: "9112 §6.3",
        turns: &[
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        ],
        want: "POST /a \"hello\" -> 200 \"hello\"", notes: &["smuggling-te-cl"],
        tshark: "POST /a \"hello\"; 200 \"hello\"", browser: "sends none" },
    Row { name: "chunked in HTTP/1.0", rfc: "9112 §6.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["transfer-encoding-in-1.0"],
        tshark: "GET /a; 200 \"hello\"", browser: "Firefox the same; Chrome: until the end" },
    Row { name: "chunked that is not", rfc: "9112 §7.1",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["smuggling-te-cl", "invalid-chunk-size", "not-chunked"],
        tshark: "GET /a", browser: "refuse the answer" },
];
