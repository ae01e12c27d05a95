//! Encodings of [`text`] made by other programs, in base64.

/// What the encodings below decode to.
pub(super) fn text() -> Vec<u8> {
    let line = |i: u32| format!("{i}: the squirrel has a fluffy tail {:08x}\n", (i * i).wrapping_mul(2_654_435_761));
    (0..60).map(line).collect::<String>().into_bytes()
}

/// The bytes of one of the constants below.
pub(super) fn bytes(base64: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, base64).unwrap()
}

/// By Google's brotli 1.2, quality 11.
pub(super) const BROTLI: &str = "\
    G0UKQOThEvMx6oRkzDpHEmj7c8CHfyLqxyfyEJtULjnj0kAGOKzjCA9qm3+R0NTsEGXvP+Dl+fXWz8/vv99//OhPz1v9fOqZT79n\
    /j+/6v3TA+u3hclj2eyeGxdpzOPetiOLNRYzLM65RDnBS1ga17FVk+SyMZ5z8bQs15hEtlTjCuUK3sFK1mDiBgIuhPg4t3YkSbbE\
    MzhCKh3lGQo4hlOO6k0nIPKkHeIU0AdHEp2lFgo4R54Cg4suwM0GAuJyDQ9XVuYiUAqygEPETSjsdASCJqQSxxgocjvoJL+igFOI\
    OmASOsMpv+omzhF7MhLSRb5mAZdrR7iPeS4GgTf4JRGH6Oa56Ogo/lDAMSDnVA46gVNgsIhToLvKTDqLSRVwDrTKw5Eu4NBlZfKt\
    Ux6eBVJSMgvDIbrEkAUdgU0ovMQxdtftsXQSsy4g9ZSLmZjOcCjybhDn4LMRQdFFGkYBl2ttclQRl4KAesAkxCECi801HaVpFXAM\
    6G3ilE5A00ZC4hRxQ0YCnaVxFnCOaRgbQxdAmI3Z4vLeT9XtJxc=";

/// By ncompress (the Python package 1.0.2), up to 16 bits.
pub(super) const COMPRESS: &str = "\
    H52QMHSAoIOmDIg5ceqkkSOnDBsQaMLMAREGhBk2dcyYyTMwTJqHMEKKDKkghkCCBhEqZOgQokSKFjFq5EjH48McZWbcuJFDTAwF\
    Mk4WPJhwYcOHESdWvJhxY8ePIG7gIEOmjI0xNBTMEJqyKEukL5fKdFoTKg6NM2jcmJFDAQ2uRFcedak0ZlOaNkHk3NkzBgwFNeCq\
    NNoyKUymM58+XGsjTBkZNNraEOx1rmGxdxWDmGFmDJkYY8pkvUFZbuGwdhOXfUgDB04ajn/iKE0YbF3EZPNOrXqVxt8ctL/SPTwW\
    L1QYZqbi8PvTb3DLqHEbf+g5jBjXkEuaHDh0sPDLqXNDHYNjBg4csNvGCMq9q2nbxDOvtmgm7docf2NsbR+39nDMquV1gww5mFFD\
    DWSo9xZ/3kF3W3GaySADTzJcl1UMgTFY2WkPypcXDGWMEYMZkTU3mYbv/RfedJvx5RNJMZCGon/gSadZDmOEAYMNMHxW0mwzfhcd\
    hPPNkBOPvl0IXJAOxhcgVKDNEEYOU7YlQ0BMcuikeA/N0Nhjkf0lw3Yo9Sdkh08+NBV+YcRQhpXsldmglgByCcKVj60XRlYy7Cfn\
    hvDVyaIZMIQx4VU/QfYcnStq1tlnofkGVIZ/plgjkXnRUMMNMMSQw5hAnVgpjUN6OF4YN5CxqQ18yjjqmVuyiIMYZuTgGgxWAvlq\
    k4Jq5pposYm55K6M2jgfVkaOYQNPWmFJbKCNFikGDKlCltUMZHYHqIrG5lVGTmZ8dsNPM8SpraWlpgkCVVZhRdIMfp5LKpp24trZ\
    lGaQu+Cz3GIK1YDLlUfDtZTKC2uv88V4Qw00aNSWl4tC2y1UyZGxXKd/6RRxv6Y+FENjOJr3sK4G8xqtgCCG0RirWg1bcrH+gsST\
    jrD95NvGl3a8rnXYSUpDtu7NG6tmZexpg34/u2Vu0AefDJWXNMiAww17uhUv0yZP/JAYRVdlhg1tDYxzunaWd156f2k6Nr2y0vBZ\
    Djl46paoL0scMwhjSJ0DGdNmpdbaQxc5hk9+1WAzyVjDrHN9arFFUmSAI+wtq2McGMNPNThbN8fqYjjGjq1lZXjkTqsZQxheLtxW\
    DUubmfXdBBqIIH6AXe264uqCKAarA66+7+Y5qyuDGVZBlt2BpGsNgnINt4Y53YnbrfOEn1r416bJ3008cjZ8jTnit0vfOXI+vQaY\
    y9FzbiePB4pxwxhtAQ==";
