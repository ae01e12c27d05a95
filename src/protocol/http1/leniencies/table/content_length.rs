//! What Content-Length may say.

use super::Row;

#[rustfmt::skip] // a row is read as a block
pub(super) const ROWS: &[Row] = &[
    Row { name: "leading zeros", rfc: "9110 §8.6",
        turns: &["GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 005\r\n\r\nhello"],
        want: "GET /a -> 200 \"hello\"", notes: &[],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "the same value twice", rfc: "9112 §6.3",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["duplicate-length"],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "the same value twice in one field", rfc: "9112 §6.3",
        turns: &["GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello"],
        want: "GET /a -> 200 \"hello\"", notes: &["duplicate-length"],
        tshark: "GET /a; 200 \"hello\"", browser: "the same" },
    Row { name: "values that contradict each other", rfc: "9112 §6.3",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["duplicate-length", "conflicting-length"],
        tshark: "GET /a; 200 \"hel\"", browser: "refuse the answer" },
    Row { name: "values that contradict each other, then the end", rfc: "9112 §6.3",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["duplicate-length", "conflicting-length"],
        tshark: "GET /a; 200 \"hello\"", browser: "refuse the answer" },
    Row { name: "a negative length", rfc: "9112 §6.3",
        turns: &["GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"],
        want: "GET /a -> 200 \"hello\"", notes: &["negative-length"],
        tshark: "GET /a; 200 \"hello\"", browser: "until the end" },
    Row { name: "a plus sign", rfc: "9110 §8.6",
        turns: &["GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello"],
        want: "GET /a -> 200 \"hello\"", notes: &["odd-length"],
        tshark: "GET /a; 200 \"hello\"", browser: "Chrome: until the end" },
    Row { name: "digits and more", rfc: "9112 §6.3",
        turns: &["GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3x\r\n\r\nhello"],
        want: "GET /a -> 200 \"hello\"", notes: &["invalid-length"],
        tshark: "GET /a; 200 \"hello\"", browser: "Chrome: until the end" },
    Row { name: "a length beyond 63 bits", rfc: "9110 §8.6",
        turns: &[
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nhello",
        ],
        want: "GET /a -> 200 \"hello\"", notes: &["invalid-length"],
        tshark: "GET /a; 200 \"hello\"", browser: "until the end" },
    Row { name: "a length beyond 63 bits in a request", rfc: "9110 §8.6",
        turns: &[
            "POST /a HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        ],
        want: "POST /a -> 200 \"hello\" | GET /b -> -", notes: &["invalid-length"],
        tshark: "POST /a, GET /b; 200 \"hello\"", browser: "sends none" },
];
