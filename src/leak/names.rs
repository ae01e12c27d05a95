//! Knows what fields, headers and parameters that carry secrets are called.
//!
//! Plain lists, in the major languages and frameworks, and one lookup for each; cookies have a
//! module of their own. It refuses to
//! look at values: a name says what stands there, not whether it is worth anything.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a form or JSON field, a query parameter or a header is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A password that a person typed.
    Password,
    /// A one-time code, PIN or answer that stands beside or in place of a password.
    Code,
    /// A key or secret of a program.
    Key,
    /// A token that stands for a login.
    Token,
}

/// Names of password fields, folded as [`fold`] does.
#[rustfmt::skip]
const PASSWORDS: &[&str] = &[
    // English and what programs make of it.
    "password", "passwd", "passwrd", "pass", "pwd", "pword", "psw", "pswd", "passphrase", "passcode", "pw",
    "userpassword", "userpass", "userpwd", "loginpassword", "loginpass", "loginpwd", "accountpassword",
    "adminpassword", "adminpass", "newpassword", "newpass", "newpwd", "oldpassword", "oldpass", "oldpwd",
    "currentpassword", "currentpass", "confirmpassword", "passwordconfirm", "passwordconfirmation", "confirmpass",
    "repeatpassword", "passwordrepeat", "retypepassword", "passwordagain", "verifypassword", "password1",
    "password2", "pass1", "pass2", "pwd1", "pwd2", "passwd1", "passwd2", "jpassword", "txtpassword", "txtpwd",
    "tbpassword", "inputpassword", "sessionpassword", "signinpassword", "signuppassword", "registerpassword",
    "formpassword", "fpassword", "upassword", "upass", "mypassword", "dbpassword", "dbpass", "dbpwd",
    "databasepassword", "mysqlpassword", "smtppassword", "smtppass", "ftppassword", "ftppass", "mailpassword",
    "emailpassword", "imappassword", "proxypassword", "ldappassword", "sshpassword", "rootpassword", "rootpass",
    "wifipassword", "wpapsk", "wpapassphrase", "psk", "presharedkey", "wlanpassword", "vpnpassword",
    "masterpassword", "encryptionpassword", "keystorepassword", "keypassword", "storepassword",
    "truststorepassword", "ospassword", "logpass", "vbloginpassword", "vbloginmd5password", "userpasswd",
    "httppassword", "httppasswd", "webpassword", "guipassword", "consolepassword", "enablepassword",
    "systempassword",
    // German.
    "passwort", "kennwort", "passwortwiederholen", "neuespasswort", "altespasswort", "benutzerpasswort",
    "losungswort", "zugangscode", "geheimwort", "schluesselwort",
    // French.
    "motdepasse", "mdp", "motpasse", "motdepass", "nouveaumotdepasse", "ancienmotdepasse",
    "confirmationmotdepasse", "mdpasse", "mpasse", "codesecret",
    // Spanish.
    "contrasena", "contrase", "contraseña", "clave", "claveacceso", "clavedeacceso", "nuevacontrasena",
    "contraseniaa", "contrasenia", "palabraclave", "claveusuario", "repetircontrasena", "contrasenya", "pasahitza",
    "contrasinal",
    // Portuguese.
    "senha", "palavrapasse", "palavrachave", "novasenha", "senhaatual", "confirmarsenha", "senhausuario",
    "codigosecreto",
    // Italian.
    "parola", "paroladordine", "parolachiave", "parolasegreta", "nuovapassword", "vecchiapassword",
    "passwordutente", "codicesegreto",
    // Dutch.
    "wachtwoord", "wachtwoord2", "nieuwwachtwoord", "huidigwachtwoord", "wachtzin", "toegangscode",
    // Polish.
    "haslo", "hasło", "nowehaslo", "starehaslo", "powtorzhaslo", "haslouzytkownika",
    // Czech and Slovak.
    "heslo", "noveheslo", "stareheslo", "hesloznovu", "potvrditheslo", "prihlasovacieheslo",
    // Swedish.
    "losenord", "lösenord", "nyttlosenord", "losen", "lösen",
    // Norwegian and Danish.
    "passord", "nyttpassord", "gammeltpassord", "adgangskode", "nyadgangskode", "kodeord", "adgangskodegentag",
    // Finnish.
    "salasana", "uusisalasana", "vanhasalasana", "tunnussana", "salalause",
    // Icelandic, Estonian, Latvian, Lithuanian.
    "lykilord", "lykilorð", "salasona", "salasõna", "parool", "slaptazodis", "slaptažodis",
    // Hungarian and Romanian.
    "jelszo", "jelszó", "ujjelszo", "újjelszó", "parolă", "parolanoua", "parolaveche",
    // Turkish and Azerbaijani.
    "sifre", "şifre", "yenisifre", "eskisifre", "parolatekrar", "kullanicisifre", "sifretekrar",
    // Slovene, Croatian, Bosnian, Serbian.
    "geslo", "novogeslo", "lozinka", "novalozinka", "staralozinka", "zaporka", "лозинка", "шифра", "sifra",
    "šifra",
    // Russian, Ukrainian, Bulgarian, and their transliterations.
    "пароль", "новыйпароль", "старыйпароль", "паролька", "парола", "parol", "parol1", "novyjparol", "kodovoeslovo",
    "кодовоеслово", "секретноеслово",
    // Greek.
    "κωδικός", "κωδικος", "κωδικόςπρόσβασης", "συνθηματικό", "συνθηματικο", "kodikos", "sinthimatiko", "kwdikos",
    // Hebrew, Arabic, Persian, Urdu.
    "סיסמה", "סיסמא", "sisma", "كلمةالمرور", "كلمةالسر", "كلمهالمرور", "kalimatalmurur", "رمزعبور", "کلمهعبور",
    "گذرواژه", "پاسورڈ",
    // Hindi, Bengali, Tamil, Thai.
    "पासवर्ड", "कूटशब्द", "পাসওয়ার্ড", "கடவுச்சொல்", "รหัสผ่าน", "rahatphan",
    // Vietnamese, Indonesian, Malay, Filipino.
    "matkhau", "mậtkhẩu", "matkhaumoi", "nhaplaimatkhau", "katasandi", "sandi", "katalaluan",
    // Chinese.
    "密码", "密碼", "口令", "新密码", "旧密码", "确认密码", "登录密码", "用户密码", "支付密码", "通行碼", "mima", "dlmm", "xinmima",
    // Japanese.
    "パスワード", "ぱすわーど", "暗証番号", "合言葉", "新しいパスワード", "pasuwado", "pasuwaado", "anshobango", "anshoubangou", "aikotoba",
    // Korean.
    "비밀번호", "패스워드", "암호", "새비밀번호", "bimilbeonho", "pswrd", "userpw", "usrpwd", "loginpw", "mempw", "mbpw",
];

/// Names of one-time codes, PINs and secret answers.
#[rustfmt::skip]
const CODES: &[&str] = &[
    "otp", "otpcode", "totp", "totpcode", "onetimepassword", "onetimecode", "mfacode", "mfatoken", "twofactorcode",
    "2facode", "twofactortoken", "authcode", "smscode", "verificationcode", "securitycode", "pin", "pincode",
    "secretanswer", "securityanswer", "secretquestionanswer", "recoverycode", "backupcode", "resetcode", "cvv",
    "cvc", "cvv2", "cardcvc", "cardcvv",
];

/// Names of programs' keys and secrets.
#[rustfmt::skip]
const KEYS: &[&str] = &[
    "apikey", "apisecret", "apikeysecret", "apitoken", "appkey", "appsecret", "applicationkey",
    "applicationsecret", "clientsecret", "clientassertion", "consumersecret", "consumerkey", "oauthconsumersecret",
    "secret", "secretkey", "secretaccesskey", "awssecretaccesskey", "awsaccesskeyid", "accesskey", "accesskeyid",
    "accesskeysecret", "privatekey", "encryptionkey", "signingkey", "signingsecret", "masterkey", "sharedsecret",
    "sharedkey", "accountkey", "storagekey", "subscriptionkey", "licensekey", "deploykey", "authkey", "authsecret",
    "hmackey", "jwtsecret", "sessionsecret", "cookiesecret", "secretkeybase", "webhooksecret", "hubsecret",
    "serverkey", "servicekey", "sastoken", "functionskey", "xapikey", "xfunctionskey", "ocpapimsubscriptionkey",
    "credentials", "credential",
];

/// Names of tokens that stand for a login.
#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "accesstoken", "refreshtoken", "idtoken", "authtoken", "authenticationtoken", "sessiontoken", "usertoken",
    "logintoken", "bearertoken", "oauthtoken", "oauthtokensecret", "oauthverifier", "jwt", "token",
    "authorization", "samlresponse", "samlassertion", "samlart", "assertion", "subjecttoken", "actortoken",
    "personalaccesstoken", "privatetoken", "jobtoken", "deploytoken", "bottoken", "resettoken",
    "passwordresettoken", "resetpasswordtoken", "invitationtoken", "invitetoken", "magictoken", "magiclinktoken",
    "confirmationtoken", "activationtoken", "remembermetoken", "remembertoken", "sid", "sessionid", "sessid",
    "phpsessid", "jsessionid", "ticket", "sessionkey", "xamzsecuritytoken", "xamzsignature", "securitytoken",
];

/// Header fields whose value is a key or a token.
#[rustfmt::skip]
pub(super) const SECRET_HEADERS: &[&str] = &[
    "authorization", "proxy-authorization", "x-api-key", "x-apikey", "api-key", "apikey", "x-api-token",
    "api-token", "x-api-secret", "x-auth", "x-auth-key", "x-auth-token", "x-auth-email-key", "x-authorization",
    "x-authentication", "x-authentication-token", "x-access-token", "x-accesstoken", "access-token",
    "x-access-key", "x-session-token", "x-session-id", "x-sessionid", "x-session", "session-token", "x-user-token",
    "x-user-key", "x-usertoken", "x-client-secret", "x-client-key", "x-client-token", "client-secret", "x-app-key",
    "x-app-secret", "x-app-token", "x-application-key", "x-token", "token", "x-jwt", "x-jwt-token",
    "x-jwt-assertion", "jwt", "x-id-token", "x-identity-token", "x-refresh-token", "x-csrf-secret", "x-secret",
    "x-secret-key", "x-shared-secret", "x-signature-key", "x-service-token", "x-subject-token", "x-storage-token",
    "x-vault-token", "x-consul-token", "x-nomad-token", "x-gitlab-token", "private-token", "job-token",
    "deploy-token", "x-github-token", "x-hub-secret", "x-amz-security-token", "x-aws-ec2-metadata-token",
    "x-goog-api-key", "x-goog-iam-authorization-token", "x-goog-iap-jwt-assertion", "x-google-apps-script-token",
    "x-ms-token-aad-access-token", "x-ms-token-aad-id-token", "x-ms-token-aad-refresh-token", "x-functions-key",
    "ocp-apim-subscription-key", "x-zumo-auth", "x-zumo-master", "x-ms-authorization-auxiliary", "aeg-sas-key",
    "aeg-sas-token", "servicebusauthorization", "x-arr-authorization", "cf-access-client-secret",
    "cf-access-jwt-assertion", "cf-access-token", "x-auth-service-key", "fastly-key", "x-akamai-token",
    "dd-api-key", "dd-application-key", "x-honeycomb-team", "x-newrelic-insert-key", "x-insert-key",
    "x-license-key", "x-rollbar-access-token", "x-sentry-token", "x-splunk-request-key", "x-grafana-api-key",
    "x-elastic-api-key", "x-opsgenie-token", "x-pagerduty-token", "x-shopify-access-token",
    "x-shopify-storefront-access-token", "x-bc-api-key", "x-magento-token", "x-wc-key", "x-square-token",
    "x-razorpay-key", "x-cc-api-key", "cb-access-key", "cb-access-sign", "cb-access-passphrase", "x-mbx-apikey",
    "x-plaid-secret", "plaid-secret", "x-postmark-server-token", "x-postmark-account-token", "x-mailgun-key",
    "x-sendgrid-key", "x-tw-token", "x-twilio-token", "x-parse-master-key", "x-parse-rest-api-key",
    "x-parse-session-token", "x-parse-javascript-key", "x-algolia-api-key", "x-meili-api-key",
    "x-typesense-api-key", "x-hasura-admin-secret", "x-hasura-access-key", "x-redmine-api-key",
    "x-rundeck-auth-token", "x-octopus-apikey", "x-jfrog-art-api", "x-nuget-apikey",
    "x-gradle-enterprise-access-key", "circle-token", "x-circleci-token", "x-buildkite-token", "x-appveyor-token",
    "x-contentful-token", "x-figma-token", "x-postman-api-key", "x-tracker-token", "x-trackertoken",
    "x-toggl-token", "x-notion-token", "x-hubspot-token", "x-dynatrace-token", "x-okta-token", "x-onelogin-token",
    "x-duo-token", "x-rapidapi-key", "x-mashape-key", "xi-api-key", "x-openai-api-key", "x-anthropic-api-key",
    "x-stability-key", "x-subscription-token", "x-tenant-token", "x-admin-token", "x-admin-key", "x-master-key",
    "x-internal-token", "x-webhook-secret", "x-webhook-token", "x-telegram-bot-api-secret-token",
    "x-registry-auth", "x-registry-config", "x-docker-token", "x-plex-token", "x-emby-token",
    "x-mediabrowser-token", "x-ha-access", "x-transmission-session-id", "x-synology-token", "x-syno-token",
    "x-influxdb-token", "x-clickhouse-key", "x-pve-token", "csrfpreventiontoken", "x-nsxt-token",
    "vmware-api-session-id", "x-opennms-token", "x-zabbix-token", "x-cookie", "cookie2", "x-user-password",
    "x-password", "x-chef-private-key", "sec-websocket-protocol-token", "x-sn-apikey",
];

/// `name` in small letters and without the marks that frameworks put in: `user[Password]`,
/// `login.password`, `ctl00$Main$txtPassword` and `new_password` give their last word.
pub fn fold(name: &str) -> String {
    let name = name.trim().trim_end_matches("[]").trim_end_matches(']');
    let last = name.rsplit(['[', '.', '$', ':', '/']).find(|part| !part.is_empty()).unwrap_or(name);
    last.chars()
        .filter(|letter| !matches!(letter, '_' | '-' | ' ' | '"' | '\'' | '’' | '(' | ')' | '*'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// All names of fields, folded, and what stands there.
static FIELDS: LazyLock<HashMap<&str, Kind>> = LazyLock::new(|| {
    let kinds = [(TOKENS, Kind::Token), (KEYS, Kind::Key), (CODES, Kind::Code), (PASSWORDS, Kind::Password)];
    kinds.into_iter().flat_map(|(names, kind)| names.iter().map(move |name| (*name, kind))).collect()
});

/// What the form or JSON field or query parameter `name` carries, if that is a secret.
pub fn field(name: &str) -> Option<Kind> {
    let name = fold(name);
    FIELDS.get(name.as_str()).copied().or_else(|| password_like(&name).then_some(Kind::Password))
}

/// Names that end in a word for a password, whatever stands before it: `ctl00txtpassword`.
fn password_like(name: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "password",
        "passwd",
        "passwort",
        "kennwort",
        "passphrase",
        "motdepasse",
        "contrasena",
        "contraseña",
        "wachtwoord",
        "senha",
        "heslo",
        "haslo",
        "hasło",
        "salasana",
        "lösenord",
        "losenord",
        "passord",
        "adgangskode",
        "пароль",
        "密码",
        "密碼",
        "パスワード",
        "비밀번호",
    ];
    ENDINGS.iter().any(|ending| name.ends_with(ending))
        && !["no", "forgot", "show", "hide", "reset", "has", "is", "change", "remember", "save"]
            .iter()
            .any(|start| name.starts_with(start))
}

/// Whether the header field `name` carries a key or a token.
pub fn secret_header(name: &str) -> bool {
    SECRET_HEADERS.iter().any(|header| header.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn fields_are_known_in_the_major_languages() {
        for name in [
            "password",
            "Password",
            "user[password]",
            "login.pwd",
            "ctl00$Main$txtPassword",
            "new_password",
            "passwd2",
            "Passwort",
            "mot-de-passe",
            "mdp",
            "contraseña",
            "Contraseña",
            "clave",
            "senha",
            "parola",
            "wachtwoord",
            "hasło",
            "heslo",
            "lösenord",
            "passord",
            "adgangskode",
            "salasana",
            "şifre",
            "пароль",
            "Пароль",
            "κωδικός",
            "パスワード",
            "pasuwado",
            "密码",
            "비밀번호",
            "j_password",
            "acct_password",
        ] {
            assert_eq!(field(name), Some(Kind::Password), "{name}");
        }
        for (name, kind) in [
            ("otp", Kind::Code),
            ("cvv", Kind::Code),
            ("client_secret", Kind::Key),
            ("api-key", Kind::Key),
            ("access_token", Kind::Token),
            ("SAMLResponse", Kind::Token),
            ("reset_password_token", Kind::Token),
        ] {
            assert_eq!(field(name), Some(kind), "{name}");
        }
        for name in [
            "",
            "user",
            "email",
            "forgot_password",
            "showPassword",
            "q",
            "page",
            "passenger",
            "compass",
            "keyboard",
            "csrf_token",
        ] {
            assert_eq!(field(name), None, "{name}");
        }
    }

    #[test]
    fn headers_are_known_in_any_case() {
        for name in ["X-Api-Key", "authorization", "X-Vault-Token", "DD-API-KEY", "Private-Token"] {
            assert!(secret_header(name), "{name}");
        }
        for name in ["", "X-Request-Id", "Host", "X-Csrf-Token", "Content-Type"] {
            assert!(!secret_header(name), "{name}");
        }
    }

    #[test]
    fn every_name_is_listed_as_it_is_looked_up() {
        for list in [PASSWORDS, CODES, KEYS, TOKENS] {
            let mut seen = HashSet::new();
            for name in list {
                assert_eq!(fold(name), *name);
                assert!(seen.insert(name), "{name} twice");
            }
        }
        for name in SECRET_HEADERS {
            assert_eq!(name.to_lowercase(), *name);
        }
    }
}
