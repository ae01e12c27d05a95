//! Tells a literal secret from what merely stands in its place: placeholders, labels and code.
//!
//! Looks at the value alone. It refuses to know its name, its language and its neighbours.

/// Parts of words that people write where a secret will go.
#[rustfmt::skip]
const FILLERS: &[&[u8]] = &[
    b"example", b"placeholder", b"changeme", b"change_me", b"change-me", b"redacted", b"your_", b"your-",
    b"yourtoken", b"yourkey", b"yourapi", b"yoursecret", b"yourpassw", b"<your", b"my_token", b"my-token",
    b"insert_", b"insert-", b"replace_", b"replace-", b"replaceme", b"dummy", b"todo", b"xxxx", b"****", b"...",
    b"\xe2\x80\xa2", b"${", b"{{", b"}}", b"#{", b"<%", b"%>", b"$(", b"[[", b"@@",
];

/// Whether `needle` (in lower case) stands in `text` in any case.
fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

/// Whether `text` only keeps the place of a secret: one or two letters over and over, a
/// sequence, a word such as `example`, or a template's variable.
pub(super) fn placeholder(text: &[u8]) -> bool {
    let mut seen = [false; 256];
    for &byte in text {
        if let Some(seen) = seen.get_mut(usize::from(byte.to_ascii_lowercase())) {
            *seen = true;
        }
    }
    let distinct = seen.iter().filter(|&&seen| seen).count();
    distinct <= 1
        || (distinct <= 2 && text.len() >= 8)
        || sequence(text)
        || PUBLISHED.contains(&text)
        || FILLERS.iter().any(|filler| contains(text, filler))
        || (text.starts_with(b"<") && text.ends_with(b">"))
        || (text.starts_with(b"%") && text.ends_with(b"%"))
        || (text.starts_with(b"$") && variable(text.get(1..).unwrap_or_default()))
}

/// Whether `text` is the name of a variable: `TOKEN` of `$TOKEN`.
fn variable(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Whether three quarters of `text` or more count up or down by one, as `12345678` and `abcdefgh` do.
fn sequence(text: &[u8]) -> bool {
    let step = |pair: &[u8]| match pair {
        [a, b] => b.wrapping_sub(*a).cast_signed(),
        _ => 0,
    };
    // Steps that repeat the one before: what stands alone is chance.
    let steps: Vec<i8> = text.windows(2).map(step).collect();
    let regular = steps.windows(2).filter(|pair| pair[0] == pair[1] && matches!(pair[0], 1 | -1)).count();
    text.len() >= 6 && regular.saturating_add(2).saturating_mul(4) >= text.len().saturating_mul(3)
}

/// Names of passwords: a value with one in it names a field, unless it is a strong one.
#[rustfmt::skip]
const NAMES: &[&[u8]] = &[
    b"pass", b"pwd", b"secret", b"token", b"credential", b"apikey", b"api_key", b"api-key", b"clave", b"contrase",
    b"kennwort", b"losenord", b"haslo", b"heslo", b"senha", b"parol", b"salasana", b"adgangskode", b"wachtwoord",
    b"sifre", b"jelszo",
];

/// Words that stand where code describes a password instead of giving it.
#[rustfmt::skip]
const LABELS: &[&[u8]] = &[
    b"process.env", b"os.environ", b"getenv", b"function", b"return", b"undefined", b"required", b"optional",
    b"invalid", b"string", b"http:", b"https:", b"request", b"config", b"params", b"this.", b"self.", b"null",
    b"false", b"true", b"prompt", b"hidden", b"textbox", b"input", b"field", b"label", b"encrypted", b"hashed",
    b"forgot", b"confirm", b"reset", b"unknown", b"anonymous", b"disabled", b"enabled", b"default", b"object",
    b"number", b"boolean", b"value", b"node_modules", b"sha256", b"sha512", b"md5", b"bcrypt", b"base64", b"pbkdf",
    b"_max", b"maxlen", b"options", b"i18n", b"utf-8", b"utf8",
];

/// Secrets printed in standards and manuals, over and over copied from there.
#[rustfmt::skip]
const PUBLISHED: &[&[u8]] = &[
    b"2YotnFZFEjr1zCsicMWpAA", b"tGzv3JOkF0XG5Qx2TlKWIA", b"gX1fBat3bV", b"czZCaGRSa3F0MzpnWDFmQmF0M2JW",
    b"JBSWY3DPEHPK3PXP", b"scott:tiger", b"s00pers3cret", b"rapunz3l", b"secr3t", b"ad180jjd733klru7",
    b"hh5s93j4hdidpola", b"hdhd0244k9j7ao03", b"nnch734d00sl2jdk", b"pfkkdhi9sl3r4s00", b"0685bd9184jfhq22",
    b"lsdkfol23w54jlksdef", b"mF_9.B5f-4.1JqM", b"p@ssw0rd", b"beep:boop", b"YmVlcDpib29w",
    // Azurite's, the storage emulator.
    b"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
];

/// Words of programs: an identifier has one, what a machine drew by chance does not.
#[rustfmt::skip]
const CODE_WORDS: &[&[u8]] = &[
    b"token", b"secret", b"client", b"value", b"config", b"request", b"response", b"header", b"param", b"state",
    b"props", b"service", b"manager", b"provider", b"factory", b"handler", b"account", b"access", b"oauth",
    b"login", b"session", b"random", b"generate", b"string", b"object", b"function", b"field", b"input",
    b"default", b"production", b"public", b"private", b"password", b"process", b"window", b"document", b"element",
    b"options", b"context", b"module", b"exports", b"import", b"require", b"return", b"class", b"static", b"const",
    b"async", b"await", b"encode", b"decode", b"encrypt", b"buffer", b"array", b"length", b"index", b"number",
    b"boolean", b"undefined", b"error", b"event", b"click", b"target", b"source", b"cookie", b"storage", b"image",
    b"style", b"color", b"width", b"height", b"button", b"title", b"label", b"message", b"description", b"content",
    b"version", b"application", b"authorization", b"authentication", b"bearer", b"basic", b"credential", b"apikey",
    b"api_key", b"example", b"sample", b"template", b"schema", b"table", b"column", b"query", b"select",
];

/// Whether a word of programs stands in `text`.
pub(super) fn wordy(text: &[u8]) -> bool {
    CODE_WORDS.iter().any(|word| contains(text, word))
}

/// Words that are written for a password where none is given away.
#[rustfmt::skip]
const STAND_INS: &[&[u8]] = &[
    b"password", b"passwd", b"passw0rd", b"pass", b"pwd", b"pw", b"secret", b"token", b"user", b"username",
    b"login", b"admin", b"root", b"guest", b"test", b"testing", b"foo", b"bar", b"baz", b"null", b"none", b"nil",
    b"true", b"false", b"undefined", b"string", b"value", b"password_here", b"passwordhere", b"mypassword",
    b"my_password", b"mypass", b"my-password", b"userpassword", b"user_password", b"db_password", b"dbpassword",
    b"somepassword", b"thepassword", b"newpassword", b"apikey", b"api_key", b"api_secret", b"key", b"postgres",
    b"mysql", b"mongo", b"redis", b"rabbitmq", b"anonymous", b"changeit", b"default", b"hidden", b"invalid",
    b"wrong", b"bad", b"abc", b"required", b"optional", b"host", b"port", b"passphrase", b"credentials",
    b"x-oauth-basic", b"x-token-auth", b"localhost", b"name", b"tiger", b"foobared", b"psw", b"env", b"prompt",
    b"ask", b"auto",
];

/// Whether `text` is a value written out, where only a secret can stand.
pub(super) fn literal(text: &[u8]) -> bool {
    !placeholder(text) && !STAND_INS.iter().any(|word| text.eq_ignore_ascii_case(word)) && !code(text, false)
}

/// Whether the `password` or `user:password` of a URL is one.
pub(super) fn url_password(text: &[u8]) -> bool {
    let (user, password) = match text.iter().position(|&byte| byte == b':') {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at.saturating_add(1)..).unwrap_or_default()),
        None => (&b""[..], text),
    };
    let digits_only = password.iter().all(u8::is_ascii_digit);
    password.len() >= 3 && !digits_only && !user.eq_ignore_ascii_case(password) && literal(password)
}

/// Whether `text` is a password as a person chooses one, written out.
///
/// A run of small or capital letters alone is more often a label in some language; a digit or
/// a mark among the letters makes it a password.
pub(super) fn password(text: &[u8]) -> bool {
    if placeholder(text) || STAND_INS.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return false;
    }
    // `password1` names a field; `Password123!` is a password.
    let marked = text.iter().any(|byte| matches!(byte, b'!' | b'@' | b'#' | b'$' | b'^' | b'&' | b'*' | b'+' | b'~'));
    let strong = marked || text.iter().filter(|byte| byte.is_ascii_digit()).count() >= 2;
    let has = |words: &[&[u8]]| words.iter().any(|word| contains(text, word));
    if (!strong && has(NAMES)) || (!marked && has(LABELS)) {
        return false;
    }
    let count = |test: fn(&u8) -> bool| text.iter().filter(|&byte| test(byte)).count();
    let letters = count(u8::is_ascii_alphabetic);
    let digits = count(u8::is_ascii_digit);
    let marks = count(u8::is_ascii_punctuation);
    if letters == 0 || letters + digits + marks != text.len() || digits + marks == 0 {
        return false;
    }
    !code(text, true)
}

/// Whether `text` reads like an expression, a path, a selector, markup or a format string;
/// with `strict`, also like a constant or a label.
fn code(text: &[u8], strict: bool) -> bool {
    let ends = |open: u8, close: u8| text.contains(&open) && text.contains(&close);
    if ends(b'(', b')') || ends(b'[', b']') || ends(b'{', b'}') || ends(b'<', b'>') {
        return true;
    }
    if [&b"=>"[..], b"==", b"&&", b"||", b"::", b"->", b"//", b"</", b"/>", b"?.", b"\\u", b"\\n", b"&#"]
        .iter()
        .any(|mark| contains(text, mark))
    {
        return true;
    }
    if matches!(
        text.first(),
        Some(b'$' | b'%' | b'.' | b'/' | b'&' | b'?' | b':' | b'=' | b',' | b';' | b'\\' | b'|' | b'-' | b'*')
    ) {
        return true;
    }
    // Numbers, dates and variables of templates.
    let digits =
        |range: std::ops::Range<usize>| text.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let date = digits(0..4) && digits(5..7) && text.get(4) == Some(&b'-') && text.get(7) == Some(&b'-');
    let at = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_' || *byte == b'@';
    let ternary = text.contains(&b'?') && text.contains(&b':');
    // `13.0.0-next` and `Uint8Array`.
    let version = {
        let mut parts = text.splitn(3, |&byte| byte == b'.');
        let number =
            |part: Option<&[u8]>| part.is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
        number(parts.next())
            && number(parts.next())
            && parts.next().is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
    };
    let numbers = [&b"uint"[..], b"int", b"float", b"biguint", b"bigint"];
    let typed = numbers.iter().any(|kind| contains(text.get(..kind.len()).unwrap_or_default(), kind))
        && text.iter().skip(3).any(u8::is_ascii_digit)
        && (text.ends_with(b"Array") || text.ends_with(b"_t"));
    if date || version || typed || ternary || text.starts_with(b"0x") || (text.starts_with(b"@") && text.iter().all(at))
    {
        return true;
    }
    // Names joined by dots or slashes without a digit: `e.value`, `i18n.login.word`, `a/b`.
    let bare = text
        .iter()
        .position(|byte| !matches!(byte, b'!' | b'+' | b'~'))
        .and_then(|from| text.get(from..))
        .unwrap_or_default();
    let joined = |by: u8| {
        bare.contains(&by)
            && bare.split(|&byte| byte == by).all(|part| {
                part.first().is_some_and(|&byte| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$')
                    && part.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$')
            })
    };
    // `!actual`, `pwd+salt`.
    let word = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let negated = text.starts_with(b"!") && word(bare);
    let added = text.contains(&b'+') && text.split(|&byte| byte == b'+').all(word);
    // Words joined by dashes or underscores without a digit are constants and CSS classes.
    let soft = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.' | b'=' | b':' | b'/' | b'?');
    joined(b'.') || joined(b'/') || (strict && (negated || added)) || (strict && text.iter().all(soft))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_keep_a_place() {
        for text in [
            "",
            "x",
            "xxxx",
            "XXXXXXXX",
            "0000000000",
            "abababab",
            "12345678",
            "abcdefghijklmnop",
            "9876543210",
            "EXAMPLEKEY",
            "your_api_key",
            "<token>",
            "%TOKEN%",
            "${TOKEN}",
            "$TOKEN",
            "{{ token }}",
            "sk_test_xxxxxxxx",
            "changeme123",
            "********",
        ] {
            assert!(placeholder(text.as_bytes()), "{text:?}");
        }
        for text in [
            "hunter2",
            "fluffy-tail-000123",
            "aZ3kQ9xTb2LmWv7R",
            "9f86d081884c7d65",
            "correct horse",
            "$2xTb",
            "12e45f78",
        ] {
            assert!(!placeholder(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn passwords_are_written_out() {
        for text in
            ["hunter2", "fluffy-tail-000123", "S3cr!t-Gard3n", "Tr0ub4dor&3", "p4$$w0rd!", "Sommer2024!", "qwe.rty9!"]
        {
            assert!(password(text.as_bytes()), "{text:?}");
        }
        for text in [
            "e.value",
            "this.state.password",
            "password",
            "Passwort",
            "xxxx",
            "getPassword()",
            "userPassword1",
            "Mot de passe",
            "form.pw2",
            "************",
            "process.env.DB_PW1",
            "{0}",
            "%s1",
            "$1abc",
            "i18n.login.word",
            "new-word",
            "NEW_WORD",
            "13.0.0-next-8.29",
            "Uint8Array",
            "uint32_t",
            "!actual",
            "pwd+salt",
            "a/b",
            "string",
            "",
        ] {
            assert!(!password(text.as_bytes()), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(text in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            let _ = (placeholder(&text), password(&text));
        }
    }
}
