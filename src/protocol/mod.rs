//! What a stream says: each protocol in a folder of its own.

mod frame;
pub(crate) mod framed;
pub mod http1;
pub mod tls;
mod web_socket;
