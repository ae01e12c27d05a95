//! What a response must have to be worth a look.

/// Words without one of which no response has anything that this module would tell of.
#[rustfmt::skip]
pub(in crate::leak) const ROOTS: &[&str] = &[
    "passw", "pwd\"", "pwd>", "passphrase", "secret", "token", "api_key", "apikey", "api-key", "accesskey",
    "access_key", "privatekey", "private_key", "jwt\"", "credential", "sessionid", "session_id", "samlresponse",
    "assertion", "kennwort", "senha", "contrase", "motdepasse", "mot_de_passe", "wachtwoord", "haslo", "heslo",
    "losenord", "lösenord", "passord", "adgangskode", "salasana", "parol", "пароль", "密码", "密碼", "パスワード",
    "비밀번호", "action=\"http:", "action='http:", "action=http:",
];
