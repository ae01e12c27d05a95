//! Knows which cookies are sessions: by name, not by entropy.
//!
//! A list of what frameworks and programs call theirs. It refuses to look at values.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Session cookies and what sets them; `*` stands for any text, `#` for a hash in hex.
#[rustfmt::skip]
const SESSION_COOKIES: &[(&str, &str)] = &[
    ("phpsessid", "PHP"), ("jsessionid", "Java servlets"), ("jsessionidsso", "Java servlets"),
    ("asp.net_sessionid", "ASP.NET"), (".aspxauth", "ASP.NET"), (".aspnet.applicationcookie", "ASP.NET"),
    (".aspnetcore.cookies", "ASP.NET Core"), (".aspnetcore.session", "ASP.NET Core"),
    (".aspnetcore.identity.application", "ASP.NET Core"), ("aspsessionid", "ASP"), ("connect.sid", "Express"),
    ("express.sid", "Express"), ("express:sess", "Express"), ("koa.sess", "Koa"), ("koa:sess", "Koa"),
    ("sails.sid", "Sails"), ("adonis-session", "AdonisJS"), ("next-auth.session-token", "Auth.js"),
    ("authjs.session-token", "Auth.js"), ("better-auth.session_token", "Better Auth"), ("sessionid", "Django"),
    ("session", "Flask"), ("beaker.session.id", "Pylons"), ("webpy_session_id", "web.py"), ("session_id", "Odoo"),
    ("laravel_session", "Laravel"), ("ci_session", "CodeIgniter"), ("cisession", "CodeIgniter"),
    ("cakephp", "CakePHP"), ("yiisessionid", "Yii"), ("fe_typo_user", "TYPO3"), ("be_typo_user", "TYPO3"),
    ("_session_id", "Rails"), ("_session", "Rails"), ("rack.session", "Rack"), ("user_session", "GitHub"),
    ("__host-user_session_same_site", "GitHub"), ("_gitlab_session", "GitLab"), ("remember_user_token", "Devise"),
    ("remember_token", "Rails or Flask-Login"), ("play_session", "Play"), ("play_flash", "Play"),
    ("cfid", "ColdFusion"), ("cftoken", "ColdFusion"), ("cfauthorization", "ColdFusion"), ("ring-session", "Ring"),
    ("_hackney_session", "Phoenix"), ("mojolicious", "Mojolicious"), ("dancer.session", "Dancer"),
    ("cgisessid", "Perl CGI"), ("beegosessionid", "Beego"), ("gosessionid", "Go"), ("rocket_session", "Rocket"),
    ("vapor-session", "Vapor"), ("spring_session", "Spring"), ("dwr_session_id", "DWR"),
    ("ltpatoken", "WebSphere"), ("ltpatoken2", "WebSphere"), ("wasreqsessid", "WebSphere"),
    ("adminconsolesession", "WebLogic"), ("sap_sessionid", "SAP"), ("mysapsso2", "SAP"), ("sap-contextid", "SAP"),
    ("saplb_*", "SAP"), ("jwt", "a program of one's own"), ("token", "a program of one's own"),
    ("auth", "a program of one's own"), ("authtoken", "a program of one's own"),
    ("auth_token", "a program of one's own"), ("access_token", "a program of one's own"),
    ("accesstoken", "a program of one's own"), ("refresh_token", "a program of one's own"),
    ("id_token", "a program of one's own"), ("sid", "a program of one's own"), ("ssid", "a program of one's own"),
    ("sess", "a program of one's own"), ("sessid", "a program of one's own"),
    ("session_token", "a program of one's own"), ("sessiontoken", "a program of one's own"),
    ("session-token", "a program of one's own"), ("sessionkey", "a program of one's own"),
    ("usersession", "a program of one's own"), ("login_token", "a program of one's own"),
    ("wordpress_logged_in_*", "WordPress"), ("wordpress_sec_*", "WordPress"), ("wordpress_#", "WordPress"),
    ("sess#", "Drupal"), ("ssess#", "Drupal"), ("frontend", "Magento"), ("adminhtml", "Magento"),
    ("prestashop-*", "PrestaShop"), ("ocsessid", "OpenCart"), ("oc_sessionpassphrase", "Nextcloud"),
    ("nc_token", "Nextcloud"), ("moodlesession*", "Moodle"), ("mediawiki*session", "MediaWiki"),
    ("ghost-admin-api-session", "Ghost"), ("phpbb3_*_sid", "phpBB"), ("vbsessionhash", "vBulletin"),
    ("bbsessionhash", "vBulletin"), ("xf_session", "XenForo"), ("xf_user", "XenForo"),
    ("ips4_ipssessionfront", "Invision Community"), ("_forum_session", "Discourse"), ("zm_auth_token", "Zimbra"),
    ("zm_admin_auth_token", "Zimbra"), ("roundcube_sessid", "Roundcube"), ("roundcube_sessauth", "Roundcube"),
    ("squirrelmail", "SquirrelMail"), ("horde", "Horde"), ("phpmyadmin", "phpMyAdmin"),
    ("pmaauth-*", "phpMyAdmin"), ("pga4_session", "pgAdmin"), ("grafana_session", "Grafana"),
    ("grafana_sess", "Grafana"), ("zbx_session", "Zabbix"), ("zbx_sessionid", "Zabbix"), ("nagiosxi", "Nagios"),
    ("cacti", "Cacti"), ("icingaweb2", "Icinga Web"), ("splunkd_*", "Splunk"), ("session_id_*", "Splunk"),
    ("jsessionid.*", "Jenkins"), ("tcsessionid", "TeamCity"), ("bamboosession", "Bamboo"),
    ("bitbucketsessionid", "Bitbucket"), ("atl_sid", "Atlassian"), ("seraph.rememberme.cookie", "Atlassian"),
    ("seraph.confluence", "Atlassian"), ("cloud.session.token", "Atlassian"),
    ("tenant.session.token", "Atlassian"), ("crowd.token_key", "Atlassian Crowd"),
    ("youtrackjsessionid", "YouTrack"), ("_redmine_session", "Redmine"), ("trac_auth", "Trac"),
    ("trac_session", "Trac"), ("bugzilla_login", "Bugzilla"), ("bugzilla_logincookie", "Bugzilla"),
    ("mantis_string_cookie", "MantisBT"), ("i_like_gitea", "Gitea"), ("gitea_incredible", "Gitea"),
    ("i_like_gogs", "Gogs"), ("mmauthtoken", "Mattermost"), ("rc_token", "Rocket.Chat"),
    ("keycloak_identity", "Keycloak"), ("keycloak_identity_legacy", "Keycloak"), ("keycloak_session", "Keycloak"),
    ("auth_session_id", "Keycloak"), ("_oauth2_proxy", "OAuth2 Proxy"), ("oauth2_proxy", "OAuth2 Proxy"),
    ("_forward_auth", "Traefik forward auth"), ("authelia_session", "Authelia"),
    ("authentik_session", "authentik"), ("ory_kratos_session", "Ory Kratos"), ("ory_session_*", "Ory"),
    ("auth0", "Auth0"), ("appsession", "Auth0"), ("okta-oauth-state", "Okta"), ("__session", "Clerk or Firebase"),
    ("__client", "Clerk"), ("sb-access-token", "Supabase"), ("sb-refresh-token", "Supabase"),
    ("sb-*-auth-token", "Supabase"), ("stsservicecookie", "Microsoft Entra"), ("estsauth", "Microsoft Entra"),
    ("estsauthpersistent", "Microsoft Entra"), ("msisauth", "AD FS"), ("msisauthenticated", "AD FS"),
    ("fedauth", "SharePoint"), ("rtfa", "SharePoint"), ("cadata", "Outlook on the web"),
    ("cadatakey", "Outlook on the web"), ("awselbauthsessioncookie-*", "AWS load balancer"),
    ("cf_authorization", "Cloudflare Access"), ("cf_appsession", "Cloudflare Access"),
    ("gcp_iap_uid", "Google IAP"), ("gcp_iaap_auth_token_*", "Google IAP"), ("iplanetdirectorypro", "OpenAM"),
    ("amlbcookie", "OpenAM"), ("smsession", "SiteMinder"), ("smidentity", "SiteMinder"),
    ("obssocookie", "Oracle Access Manager"), ("oamauthncookie", "Oracle Access Manager"),
    ("oam_id", "Oracle Access Manager"), ("_shibsession_*", "Shibboleth"), ("shib_idp_session", "Shibboleth"),
    ("tgc", "CAS"), ("castgc", "CAS"), ("simplesamlsessionid", "SimpleSAMLphp"),
    ("simplesamlauthtoken", "SimpleSAMLphp"), ("mellon-cookie", "mod_auth_mellon"),
    ("mod_auth_openidc_session", "mod_auth_openidc"), ("pa.*", "PingAccess"), ("mrhsession", "F5 BIG-IP APM"),
    ("last_mrh_session", "F5 BIG-IP APM"), ("bigipauthcookie", "F5 BIG-IP"), ("nsc_aaac", "Citrix Gateway"),
    ("nsc_tmas", "Citrix Gateway"), ("ctxsauthid", "Citrix StoreFront"), ("dsid", "Ivanti Connect Secure"),
    ("svpncookie", "Fortinet SSL VPN"), ("apscookie_*", "Fortinet"), ("webvpn", "Cisco SSL VPN"),
    ("webvpnc", "Cisco SSL VPN"), ("pan_auth", "Palo Alto Networks"), ("dwrsessionid", "DWR"),
    ("vmware_soap_session", "VMware"), ("vmware-api-session-id", "VMware"), ("pveauthcookie", "Proxmox VE"),
    ("pmgauthcookie", "Proxmox Mail Gateway"), ("synotoken", "Synology"), ("smid", "Synology"),
    ("nas_sid", "QNAP"), ("sysauth", "OpenWrt"), ("sysauth_http", "OpenWrt"), ("airos_sessionid", "Ubiquiti"),
    ("unifises", "UniFi"), ("rabbitmq_auth", "RabbitMQ"), ("couchdb", "CouchDB"), ("authsession", "CouchDB"),
    ("security_authentication", "OpenSearch Dashboards"), ("airflow_session", "Airflow"),
    ("jupyterhub-session-id", "JupyterHub"), ("jupyterhub-hub-login", "JupyterHub"),
    ("jupyterhub-user-*", "JupyterHub"), ("metabase.session", "Metabase"), ("superset_session", "Superset"),
    ("redash_session", "Redash"), ("argocd.token", "Argo CD"), ("rancher_sess", "Rancher"), ("r_sess", "Rancher"),
    ("portainer_api_key", "Portainer"), ("openshift-session-token", "OpenShift"), ("nxsessionid", "Nexus"),
    ("access_token_cookie", "Flask-JWT-Extended"), ("fastapiusersauth", "FastAPI Users"),
    ("plone_session", "Plone"), ("__ac", "Plone"), ("_zopeid", "Zope"), ("li_at", "LinkedIn"),
    ("c_user", "Facebook"), ("xs", "Facebook"), ("sapisid", "Google"), ("hsid", "Google"), ("osid", "Google"),
    ("lsid", "Google"), ("__secure-1psid", "Google"), ("__secure-3psid", "Google"), ("reddit_session", "Reddit"),
    ("token_v2", "Notion"), ("steamloginsecure", "Steam"), (".roblosecurity", "Roblox"), ("sessdata", "Bilibili"),
];

/// The session cookies whose names are fixed.
static COOKIES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| SESSION_COOKIES.iter().copied().collect());

/// Those whose names are patterns.
static PATTERNS: LazyLock<Vec<(&str, &str)>> =
    LazyLock::new(|| SESSION_COOKIES.iter().copied().filter(|(name, _)| name.contains(['*', '#'])).collect());

/// What tells most names apart at little cost: a hash of length, first, middle and last letter.
fn hash(name: &[u8]) -> usize {
    let fold = |byte: Option<&u8>| usize::from(byte.map_or(0, |byte| byte | 0x20));
    (name.len() * 37 + fold(name.first()) * 5 + fold(name.last()) * 11 + fold(name.get(name.len() / 2)) * 3) & 1023
}

/// A bit for each hash of a fixed name, and for each first letter of a pattern.
static KNOWN: LazyLock<([u64; 16], [u64; 4])> = LazyLock::new(|| {
    let (mut fixed, mut first) = ([0_u64; 16], [0_u64; 4]);
    let set = |bits: &mut [u64], bit: usize| {
        if let Some(word) = bits.get_mut(bit >> 6) {
            *word |= 1 << (bit & 63);
        }
    };
    for (name, _) in SESSION_COOKIES {
        set(&mut fixed, hash(name.as_bytes()));
    }
    for (pattern, _) in PATTERNS.iter() {
        set(&mut first, usize::from(pattern.bytes().next().unwrap_or_default()));
    }
    (fixed, first)
});

/// Whether `name`, in any case, can be a session cookie's: false for most that are none.
fn may_be(name: &[u8]) -> bool {
    let (fixed, first) = &*KNOWN;
    let has = |bits: &[u64], bit: usize| bits.get(bit >> 6).is_some_and(|word| word >> (bit & 63) & 1 == 1);
    let letter = name.first().copied().unwrap_or_default().to_ascii_lowercase();
    // The last letters of the endings below.
    let ends = name.last().is_some_and(|last| matches!(last.to_ascii_lowercase(), b'n' | b'd' | b's'));
    ends || has(fixed, hash(name)) || has(first, usize::from(letter))
}

/// What sets the session cookie `name`; `None` where it is no session cookie. Prefixes such as
/// `__Host-` count for nothing.
pub fn session_cookie(name: &str) -> Option<&'static str> {
    if !may_be(name.as_bytes()) && !name.starts_with("__") {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let bare = name.strip_prefix("__host-").or_else(|| name.strip_prefix("__secure-")).unwrap_or(&name);
    let find = |name: &str| {
        COOKIES
            .get(name)
            .copied()
            .or_else(|| PATTERNS.iter().find(|(pattern, _)| fits(pattern, name)).map(|(_, by)| *by))
    };
    find(&name).or_else(|| find(bare)).or_else(|| {
        // Rails: `_shop_session`; Flask, Django and Spring programs that renamed theirs.
        let own =
            ["_session", "-session", ".session", "_sessid", "_sess", ".sid", "_sid", "-sid", "sessionid", "session_id"];
        own.iter().any(|ending| bare.ends_with(ending)).then_some("a program of one's own")
    })
}

/// Whether `name` is `pattern`, in which `*` stands for any text and a last `#` for a hash.
fn fits(pattern: &str, name: &str) -> bool {
    if let Some(start) = pattern.strip_suffix('#') {
        let hash = name.strip_prefix(start).unwrap_or_default();
        return hash.len() >= 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    pattern.split_once('*').is_some_and(|(start, end)| {
        name.len() >= start.len().saturating_add(end.len()) && name.starts_with(start) && name.ends_with(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn session_cookies_are_known_by_name() {
        for (name, by) in [
            ("PHPSESSID", "PHP"),
            ("JSESSIONID", "Java servlets"),
            ("ASP.NET_SessionId", "ASP.NET"),
            ("connect.sid", "Express"),
            ("laravel_session", "Laravel"),
            ("sessionid", "Django"),
            ("_shop_session", "a program of one's own"),
            ("__Host-session", "Flask"),
            ("__Secure-next-auth.session-token", "Auth.js"),
            ("wordpress_logged_in_3e0f1c7d92ab48d56c1290fe77ab03cd", "WordPress"),
            ("SESS3e0f1c7d92ab48d56c1290fe77ab03cd", "Drupal"),
            ("__Secure-1PSID", "Google"),
        ] {
            assert_eq!(session_cookie(name), Some(by), "{name}");
        }
        for name in [
            "",
            "theme",
            "lang",
            "_ga",
            "csrftoken",
            "sessionTheme",
            "sessview",
            "XSRF-TOKEN",
            "cookie_consent",
            "wordpress_test_cookie",
            "sessionlastvisitedpage1",
        ] {
            assert_eq!(session_cookie(name), None, "{name}");
        }
    }

    #[test]
    fn every_name_is_listed_once_and_as_it_is_looked_up() {
        let mut seen = HashSet::new();
        for (name, _) in SESSION_COOKIES {
            assert_eq!(name.to_lowercase(), *name);
            assert!(seen.insert(name), "{name} twice");
        }
    }
}
