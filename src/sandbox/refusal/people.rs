//! The refusals of those who sign in. Words and numbers are the service's; where its words are not known, the sentence
//! follows what the documentation says of the number.

use axum::http::StatusCode;

use super::Refusal;
use crate::sandbox::state::Tenant;

/// What a policy of conditional access asks for; the id is that of the policy.
const CLAIMS: &str =
    r#"{"access_token":{"capolids":{"essential":true,"values":["c0ffee00-5a4d-4b0c-8d1e-000000000001"]}}}"#;

impl Refusal {
    fn grant(number: u64, words: impl Into<String>) -> Refusal {
        Refusal::bad("invalid_grant", number, words)
    }

    fn because(self, suberror: &'static str) -> Refusal {
        Refusal { suberror: Some(suberror), ..self }
    }

    // ------------------------------------------------------------ application and end point

    pub(in crate::sandbox) fn single_tenant(client_id: &str, name: &str) -> Refusal {
        let words = format!(
            "Application '{client_id}'(Mail program) is not configured as a multi-tenant application. Usage of the \
             /{name} endpoint is not supported for such applications created after '10/15/2018'. Use a tenant-specific \
             endpoint or configure the application to be multi-tenant."
        );
        Refusal::bad("invalid_request", 50_194, words)
    }

    /// The page and the token end point have a number each for it.
    pub(in crate::sandbox) fn personal_only(client_id: &str, at_page: bool) -> Refusal {
        let words = format!(
            "Application '{client_id}'(Mail program) is configured for use by Microsoft Account users only. Please use \
             the /consumers endpoint to serve this request."
        );
        Refusal::bad("invalid_request", if at_page { 9_002_331 } else { 9_002_346 }, words)
    }

    pub(in crate::sandbox) fn work_only(client_id: &str) -> Refusal {
        let words = format!(
            "Application '{client_id}'(Mail program) is configured for use by Azure Active Directory users only. Please \
             do not use the /consumers endpoint to serve this request."
        );
        Refusal::bad("invalid_request", 9_002_332, words)
    }

    pub(in crate::sandbox) fn not_over_common(client_id: &str) -> Refusal {
        let words = format!(
            "Application '{client_id}' (Mail program) is not supported over the /common or /consumers endpoints. Please \
             use the /organizations or tenant-specific endpoint."
        );
        Refusal::bad("invalid_request", 90_130, words)
    }

    pub(in crate::sandbox) fn redirect_mismatch(address: &str, client_id: &str) -> Refusal {
        let words = format!(
            "The redirect URI '{address}' specified in the request does not match the redirect URIs configured for the \
             application '{client_id}'. Make sure the redirect URI sent in the request matches one added to your \
             application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about \
             how to fix this."
        );
        Refusal::bad("invalid_request", 50_011, words)
    }

    pub(in crate::sandbox) fn response_type(given: &str) -> Refusal {
        let words = format!("response_type '{given}' is not enabled for the application.");
        Refusal::bad("unsupported_response_type", 700_054, words)
    }

    pub(in crate::sandbox) fn bad_parameter(name: &str, given: &str) -> Refusal {
        let words =
            format!("The value '{given}' of the parameter '{name}' is invalid. Request is malformed or invalid.");
        Refusal::bad("invalid_request", 9_002_313, words)
    }

    pub(in crate::sandbox) fn public_with_credential() -> Refusal {
        let words = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
        Refusal::client(700_025, words)
    }

    pub(in crate::sandbox) fn spa_without_origin() -> Refusal {
        let words = "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.";
        Refusal::bad("invalid_request", 9_002_327, words)
    }

    pub(in crate::sandbox) fn origin_without_spa(origin: &str) -> Refusal {
        let words = format!(
            "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type. Request \
             origin: '{origin}'."
        );
        Refusal::bad("invalid_request", 9_002_326, words)
    }

    pub(in crate::sandbox) fn spa_without_proof() -> Refusal {
        let words = "Proof Key for Code Exchange is required for cross-origin authorization code redemption.";
        Refusal::bad("invalid_request", 9_002_325, words)
    }

    pub(in crate::sandbox) fn unknown_scope(scope: &str, resource: &str) -> Refusal {
        let words = format!(
            "The application 'Mail program' asked for scope '{scope}' that doesn't exist on the resource '{resource}'. \
             Contact the app vendor."
        );
        Refusal::bad("invalid_scope", 650_053, words)
    }

    pub(in crate::sandbox) fn two_resources(scope: &str) -> Refusal {
        let words = format!(
            "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope \
             {scope} is not valid."
        );
        Refusal::bad("invalid_scope", 28_000, words)
    }

    // ------------------------------------------------------------ the account

    pub(in crate::sandbox) fn no_such_user(user: &str, directory: &str) -> Refusal {
        let words = format!(
            "The user account {user} does not exist in the {directory} directory. To sign into this application, the \
             account must be added to the directory."
        );
        Refusal::grant(50_034, words)
    }

    pub(in crate::sandbox) fn wrong_password() -> Refusal {
        Refusal::grant(50_126, "Error validating credentials due to invalid username or password.")
    }

    pub(in crate::sandbox) fn user_disabled() -> Refusal {
        Refusal::grant(50_057, "The user account is disabled.")
    }

    pub(in crate::sandbox) fn password_expired() -> Refusal {
        Refusal::grant(50_055, "The password is expired.")
    }

    pub(in crate::sandbox) fn wrong_kind_of_account() -> Refusal {
        let words = "The domain is not a valid login domain for the account type.";
        Refusal::bad("invalid_request", 500_208, words)
    }

    /// At the page number 50020, at the token end point 90072.
    pub(in crate::sandbox) fn of_another_tenant(user: &str, home: &str, there: &Tenant, at_page: bool) -> Refusal {
        let app = &there.app.client_id;
        let words = format!(
            "User account '{user}' from identity provider '{home}' does not exist in tenant '{}' and cannot access the \
             application '{app}'(Mail program) in that tenant. The account needs to be added as an external user in the \
             tenant first. Sign out and sign in again with a different Azure Active Directory user account.",
            there.domain
        );
        Refusal::grant(if at_page { 50_020 } else { 90_072 }, words)
    }

    pub(in crate::sandbox) fn login_required() -> Refusal {
        Refusal::bad("login_required", 50_058, "Session information is not sufficient for single-sign-on.")
    }

    pub(in crate::sandbox) fn second_factor(resource: &str) -> Refusal {
        let words = format!(
            "Due to a configuration change made by your administrator, or because you moved to a new location, you must \
             use multi-factor authentication to access '{resource}'."
        );
        let refusal = Refusal::bad("interaction_required", 50_076, words).because("basic_action");
        Refusal { claims: Some(CLAIMS), ..refusal }
    }

    pub(in crate::sandbox) fn second_factor_unregistered(resource: &str) -> Refusal {
        let words = format!(
            "Due to a configuration change made by your administrator, or because you moved to a new location, you must \
             enroll in multi-factor authentication to access '{resource}'."
        );
        let refusal = Refusal::bad("interaction_required", 50_079, words).because("basic_action");
        Refusal { claims: Some(CLAIMS), ..refusal }
    }

    // ------------------------------------------------------------ policy and consent

    pub(in crate::sandbox) fn conditional_access() -> Refusal {
        let words = "Access has been blocked by Conditional Access policies. The access policy does not allow token \
                     issuance.";
        let refusal = Refusal::bad("access_denied", 53_003, words).because("message_only");
        Refusal { claims: Some(CLAIMS), ..refusal }
    }

    pub(in crate::sandbox) fn not_assigned(client_id: &str, user: &str) -> Refusal {
        let words = format!(
            "Your administrator has configured the application Mail program ('{client_id}') to block users unless they \
             are specifically granted ('assigned') access to the application.  The signed in user '{user}' is blocked \
             because they are not a direct member of a group with access, nor had access directly assigned by an \
             administrator. Please contact your administrator to assign access to this application."
        );
        Refusal::bad("access_denied", 50_105, words)
    }

    pub(in crate::sandbox) fn not_consented(client_id: &str) -> Refusal {
        let words = format!(
            "The user or administrator has not consented to use the application with ID '{client_id}' named 'Mail \
             program'. Send an interactive authorization request for this user and resource."
        );
        Refusal::grant(65_001, words).because("consent_required")
    }

    pub(in crate::sandbox) fn admin_consent() -> Refusal {
        let words = "Admin consent is required for the permissions requested by this application.";
        Refusal::bad("access_denied", 90_094, words)
    }

    pub(in crate::sandbox) fn declined() -> Refusal {
        Refusal::bad("access_denied", 65_004, "User declined to consent to access the app.")
    }

    // ------------------------------------------------------------ codes and refresh tokens

    pub(in crate::sandbox) fn code_used() -> Refusal {
        let words = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an \
                     existing refresh token.";
        Refusal::grant(54_005, words)
    }

    pub(in crate::sandbox) fn malformed_grant() -> Refusal {
        Refusal::grant(70_000, "Provided grant is invalid or malformed.")
    }

    pub(in crate::sandbox) fn other_tenant() -> Refusal {
        Refusal::grant(7_000_012, "The grant was obtained for a different tenant.")
    }

    pub(in crate::sandbox) fn grant_expired() -> Refusal {
        let words = "The provided authorization code or refresh token has expired due to inactivity. Send a new \
                     interactive authorization request for this user and resource.";
        Refusal::grant(70_008, words)
    }

    pub(in crate::sandbox) fn inactive(issued: &str, days: i64) -> Refusal {
        let words = format!(
            "The refresh token has expired due to inactivity.\u{a0}The token was issued on {issued} and was inactive for \
             {days}.00:00:00."
        );
        Refusal::grant(700_082, words)
    }

    pub(in crate::sandbox) fn revoked(issued: &str, valid_from: &str) -> Refusal {
        let words = format!(
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have \
             changed or reset their password. The grant was issued on '{issued}' and the TokensValidFrom date (before \
             which tokens are not valid) for this user is '{valid_from}'."
        );
        Refusal::grant(50_173, words).because("bad_token")
    }

    pub(in crate::sandbox) fn verifier_missing() -> Refusal {
        let words =
            "The code_verifier does not match the code_challenge supplied in the authorization request for PKCE.";
        Refusal::grant(50_148, words)
    }

    pub(in crate::sandbox) fn verifier_mismatch() -> Refusal {
        let words = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
        Refusal::grant(501_481, words)
    }

    // ------------------------------------------------------------ device codes

    pub(in crate::sandbox) fn pending() -> Refusal {
        let words = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
        Refusal::bad("authorization_pending", 70_016, words)
    }

    /// RFC 8628 section 3.5.
    pub(in crate::sandbox) fn slow_down() -> Refusal {
        let words = "OAuth 2.0 device flow error. The device code was polled faster than the interval allows.";
        Refusal::bad("slow_down", 70_016, words)
    }

    pub(in crate::sandbox) fn device_declined() -> Refusal {
        Refusal::bad("authorization_declined", 65_004, "User declined to consent to access the app.")
    }

    pub(in crate::sandbox) fn bad_device_code() -> Refusal {
        let words = "Bad verification code. The user or the client sent a code that is not known.";
        Refusal::bad("bad_verification_code", 70_018, words)
    }

    pub(in crate::sandbox) fn device_code_expired() -> Refusal {
        let words = "OAuth 2.0 device flow error. The device code has expired. Start the device flow again.";
        Refusal::bad("expired_token", 70_020, words)
    }

    // ------------------------------------------------------------ forms of it

    /// The pairs that a redirect carries (RFC 6749 section 4.1.2.1, with Entra's error page).
    pub(in crate::sandbox) fn pairs(&self, login_port: u16) -> Vec<(&'static str, String)> {
        let subcode = (self.number == 65_004).then(|| ("error_subcode", "cancel".to_owned()));
        let mut pairs = vec![
            ("error", self.error.to_owned()),
            ("error_description", self.sentence()),
            ("error_uri", format!("https://localhost:{login_port}/error?code={}", self.number)),
        ];
        if self.suberror == Some("consent_required") {
            "consent_required".clone_into(&mut pairs[0].1);
        }
        pairs.extend(subcode);
        pairs
    }

    /// Whether a policy of conditional access refuses.
    pub(in crate::sandbox) fn is_policy(&self) -> bool {
        self.number == 53_003
    }

    /// Whether the one at the page turned back, by will or for want of an administrator.
    pub(in crate::sandbox) fn is_by_user(&self) -> bool {
        [65_004, 90_094].contains(&self.number)
    }

    pub(in crate::sandbox) fn status(&self) -> StatusCode {
        self.status
    }
}
