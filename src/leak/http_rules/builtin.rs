//! The rules that need to know HTTP: what they are called, how bad they are, what to do.
//!
//! It refuses to know how they find what they find.

use crate::leak::finding::Severity;

/// A rule that is part of the program, without an expression.
#[derive(Debug, PartialEq, Eq)]
pub struct Builtin {
    /// The name by which reports, allowlists and baselines know it.
    pub id: &'static str,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How to stop it, one line.
    pub fix: &'static str,
    /// Whether it says more of a secret than a provider's own rule does.
    pub(crate) strong: bool,
    /// Whether what it finds is a secret, and no weakness.
    pub(crate) is_secret: bool,
}

macro_rules! builtins {
    ($($name:ident = $id:literal, $title:literal, $severity:ident, $strong:literal, $fix:literal;)*) => {
        $(pub(super) static $name: Builtin = Builtin {
            id: $id, title: $title, severity: Severity::$severity, fix: $fix, strong: $strong,
            is_secret: !matches!($id.as_bytes(), b"cookie-flags" | b"password-form" | b"http-form" | b"http-redirect"),
        };)*
        /// All of them.
        pub static BUILTINS: &[&Builtin] = &[$(&$name),*];
    };
}

builtins! {
    BASIC = "http-basic", "Basic credentials", Critical, true,
        "Serve it only over https:// and change the password: Basic hides nothing.";
    DIGEST = "http-digest", "Digest credentials", High, true,
        "Serve it only over https://: the password can be guessed from the digest offline.";
    BEARER = "http-bearer", "Bearer token", High, false,
        "Send it only to https:// and revoke it: who has it is the user.";
    NTLM = "http-ntlm", "NTLM login", High, true,
        "Use Kerberos or tokens over https://: the password can be guessed from the answer offline, or the login relayed.";
    NEGOTIATE = "http-negotiate", "Kerberos ticket", High, true,
        "Use https://: the ticket can be attacked offline or relayed.";
    AUTHORIZATION = "http-authorization", "Credentials in an Authorization header", High, false,
        "Send them only to https:// and replace them.";
    AWS_SIGNATURE = "aws-signature", "Request signed with AWS credentials", High, true,
        "Use the https:// endpoint: whoever saw it can send the request again for minutes.";
    PRESIGNED = "presigned-url", "Presigned URL", High, true,
        "Hand it out and use it only as https://: until it expires it opens the object to anyone.";
    URL_CREDENTIALS = "url-credentials", "User and password in a URL", Critical, true,
        "Take them out of the URL, use https:// and change the password.";
    SESSION_COOKIE = "session-cookie", "Session cookie", High, false,
        "Serve the site only over https:// with HSTS, and set the cookie with Secure.";
    COOKIE_FLAGS = "cookie-flags", "Cookie without its flags", Low, false,
        "Set it with Secure, HttpOnly and SameSite.";
    PASSWORD = "password-field", "Password", Critical, false,
        "Post it only to https://, and change it: whoever watched has it.";
    CODE = "one-time-code", "One-time code or PIN", High, false,
        "Post it only to https://.";
    KEY = "key-field", "API key or client secret", Critical, false,
        "Send it only to https://, in a header, and replace it.";
    TOKEN = "token-field", "Token", High, false,
        "Send it only to https://, and revoke it.";
    OAUTH_CODE = "oauth-code", "OAuth authorization code", High, false,
        "Register only https:// redirect URIs, and use PKCE.";
    SAML = "saml-assertion", "SAML assertion", High, true,
        "Serve the assertion consumer only over https://.";
    RESET_LINK = "password-reset-link", "Password-reset link", High, true,
        "Make such links https:// and let them work once.";
    KEY_HEADER = "key-header", "API key in a header", Critical, false,
        "Send it only to https://, and replace it.";
    TOKEN_HEADER = "token-header", "Token in a header", High, false,
        "Send it only to https://, and revoke it.";
    PASSWORD_FORM = "password-form", "Password form served over http", Medium, false,
        "Serve the page itself over https:// (and send HSTS): who can change it can read what is typed.";
    HTTP_FORM = "http-form", "Form that posts to http://", Low, false,
        "Let it post to https://.";
    HTTP_REDIRECT = "http-redirect", "Redirect to http://", Low, false,
        "Redirect to https://.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_their_own_and_of_one_form() {
        let mut seen = std::collections::HashSet::new();
        for builtin in BUILTINS {
            assert!(seen.insert(builtin.id), "{} twice", builtin.id);
            assert!(builtin.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", builtin.id);
            assert!(builtin.fix.ends_with('.') && !builtin.fix.contains('\n'), "{}", builtin.id);
        }
    }
}
