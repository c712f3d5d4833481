package web

import "github.com/florinpay/florin/internal/identity"

var english = words{
	date: "2 January 2006",
	plain: map[string]string{ //nolint:gosec // sentences, no secrets
		"skip": "Skip to the content", "sandbox": "Sandbox: no money here is real", "other_language": "简体中文", "signed_in_as": "Signed in as %s",
		"sign_in": "Sign in", "sign_out": "Sign out", "sign_up": "Sign up", "menu": "Your pages", "back": "Back", "save": "Save", "or": "or",
		"mend_fields": "Something is not right yet. Look at what is marked.", "foreign_post": "This form came from another site, so nothing was done. Open the page here and send it again.",
		"no_page": "There is nothing at this address.", "done": "Done.",
		"title_message": "A message", "title_signin": "Sign in", "title_signup": "Sign up", "title_stepup": "Prove that it is you", "title_consent": "Allow access?",
		"title_device": "Connect a device", "title_logout": "Sign out?", "title_me": "Your pages", "title_security": "Security", "title_sessions": "Where you are signed in",
		"title_grants": "What you have allowed", "title_payers": "Your payer profiles", "title_staff": "Staff", "title_clients": "Applications", "title_secret": "Keep this now", "title_codes": "Recovery codes",
		"title_totp": "Connect an authenticator app", "title_code": "Connect a device",

		"login": "E-mail address", "password": "Password", "code": "Code from your authenticator app, or a recovery code", "code_hint": "Only if you have connected an app.", "name": "Your name",
		"password_hint": "At least 12 characters. A sentence is easier to remember than signs.",
		"with_passkey":  "Sign in with a passkey", "with_password": "Sign in with a password", "password_signup": "Sign up with a password", "passkey_signup": "Sign up with a passkey", "signup_passkey_hint": "Recommended: your device checks you by face, finger or PIN. There is nothing to remember or to steal.",
		"passkey_stopped": "No passkey was used. Try again, or choose another way.", "need_script": "Passkeys need JavaScript, and a browser that knows them.", "no_account": "New here?", "have_account": "Signed up already?",
		"stepup_why": "What you are about to do needs a fresh proof. It counts for five minutes.", "prove_passkey": "Use a passkey", "prove_password": "Prove it",
		"weak_stepup": "You have neither a passkey nor an authenticator app yet. Add one on the security page: what is dangerous needs it.",

		"asks": "%s asks for access", "client_of": "An application of %s.", "for_whom": "For which profile?", "payer_of": "You as a payer of %s", "staff_of": "The merchant %s, where you are %s",
		"yourself": "Only yourself: it learns who you are", "no_profile": "None of your profiles fits this request, so you cannot allow it.", "get_profile": "A merchant can give you a link or a code that makes you its payer.", "to_payers": "Enter a code",
		"may": "It could then", "may_hint": "Untick what you do not want to allow.", "always": "always asked for", "limits": "Pay from your wallets, up to", "limit_hint": "You can lower an amount, not raise it. Untick a line to leave it out.",
		"pay_to": "To %s", "most": "At most in all", "most_each": "At most %s", "most_payment": "At most at once", "until": "Until", "until_hint": "90 days at most. You can end it at any time under “What you have allowed”.",
		"allow": "Allow", "deny": "Do not allow", "back_to": "Afterwards you go on to %s.", "real_money": "It works with real money.", "asked_until": "This question ends at %s.",
		"every_1": "every %s", "every_n": "every %d %s", "times": "%d times from %s", "from": "from %s",
		"too_much": "Send at most %s, with the decimals of the currency.", "date_bad": "Send a day from tomorrow on, within 90 days.", "choose_profile": "Choose for which profile.", "choose": "Allow at least one thing, or do not allow.",

		"user_code": "The code that the device shows", "go_on": "Go on", "device_allowed": "Allowed. Look at your device: it goes on by itself.", "device_denied": "Not allowed. The device has been told.",
		"logout_ask": "Do you want to sign out here?", "logout_client": "%s asks to sign you out here.",

		"me_passkeys": "Passkeys, password, authenticator app", "me_sessions": "Browsers that are signed in, and what happened", "me_grants": "Applications that may act for you, and how much they have spent",
		"me_payers": "Merchants where you pay", "me_clients": "Applications of your merchants", "language": "Language", "roles": "Your roles", "role_at": "%s at %s", "role_platform": "%s of the platform",

		"passkeys": "Passkeys", "passkey_none": "You have no passkey yet.", "passkey_add": "Add a passkey", "passkey_name": "Name of the passkey", "rename": "Rename", "revoke": "Revoke", "added": "Added %s", "last_used": "last used %s",
		"synced": "kept by your provider on several devices", "cloned": "This passkey may have been copied: its counter ran backwards. Revoke it.", "password_set": "You have a password.", "password_none": "You have no password.",
		"password_new": "New password", "password_change": "Set the password", "password_remove": "Remove the password", "totp": "Authenticator app", "totp_on": "An app is connected. %d recovery codes are left.", "totp_off": "No app is connected.",
		"totp_needs_password": "An app belongs to a password: set one first.", "totp_connect": "Connect an app", "totp_remove": "Disconnect the app", "totp_type": "Scan this with your app, type the key into it, or open the link on the device that has it.", "totp_link": "Open in the app",
		"totp_code": "The code that the app shows now", "confirm": "Confirm", "recovery_renew": "New recovery codes", "recovery_keep": "Each works once, in place of the app. They are shown this once: print them or keep them in a safe place. Older ones work no more.",
		"locked": "Signing in by password is locked until %s.",

		"this_one": "this browser", "since": "since %s", "seen": "seen %s", "end": "Sign out there", "end_others": "Sign out everywhere else", "end_all": "Sign out everywhere", "happened": "What happened", "event": "What", "when": "When", "where": "Where", "result": "Result",

		"grants_none": "You have allowed nobody anything.", "state_active": "active", "state_revoked": "ended", "state_expired": "expired", "allowed_on": "Allowed %s, until %s", "ended_on": "Ended %s",
		"spent": "%s of %s spent", "spent_until": "%s of %s spent until %s", "grant_revoke": "End it",

		"payers_none": "You are nobody's payer yet.", "claim_code": "Code from the merchant", "claim": "Become its payer", "unlink": "Give up", "linked_on": "since %s", "live": "live", "mode_sandbox": "sandbox",

		"clients_none": "There are no applications.", "clients_no_merchant": "You have no role at a merchant that lets you manage applications.", "client_new": "Register an application", "client_name": "Its name, as people will read it", "client_merchant": "Merchant",
		"client_kind": "Kind", "kind_server": "Server with a secret", "kind_keys": "Server with keys (private_key_jwt)", "kind_public": "App in a browser or on a device", "client_redirects": "Addresses to come back to, one on each line", "client_jwks": "Public keys (JWK Set)",
		"client_scopes": "What it may ask for", "client_details": "It may ask payers for limits of money", "client_own": "It may act for the merchant by itself", "client_device": "It is a device without a browser", "client_fapi": "FAPI 2.0: pushed requests, bound tokens (needed to move money live)", "client_live": "In live mode", "register": "Register",
		"clients_proof": "To register or change an application you must have proved yourself within five minutes.", "invite": "Make a token for registration by API", "suspend": "Suspend", "activate": "Activate", "delete": "Delete", "shown_once": "This is shown once. Keep it where secrets are kept.", "client_id": "Client id", "client_secret": "Client secret", "registration_token": "Token that may change the registration", "initial_token": "Token for one registration, within an hour",
		"state_suspended": "suspended", "client_logouts": "Addresses to come back to after signing out, one on each line", "client_origins": "Web pages that may call the API (like https://shop.example), one on each line",

		"staff_none": "You have no role that lets you see who works where.", "me_staff": "Who works for your merchants", "role": "Role", "role_give": "Give this role", "role_end": "Take the role away",
		"staff_hint": "They must have signed up. A role replaces the one that they have here.",
		"close":      "Close this account", "close_hint": "It ends for good: nobody can sign in to it again, and its e-mail address stays taken. Give up your roles and payer profiles first.", "close_sure": "I am sure", "closed": "The account is closed. What it had allowed has ended.",
		"totp_picture": "QR code of the key below",

		"title_webhooks": "Webhooks", "title_webhook": "A webhook endpoint", "title_delivery": "A delivery", "title_signing": "Keep this secret now", "me_webhooks": "Where events of your merchants are delivered, and what became of them",
		"webhooks_none": "There are no endpoints.", "webhooks_no_merchant": "You have no role at a merchant that lets you see webhooks.", "webhooks_back": "All endpoints", "webhook_new": "Add an endpoint", "webhook_add": "Add it", "webhook_id": "Endpoint",
		"webhook_url": "URL", "webhook_url_hint": "Events are posted to it as they happen, signed.", "webhook_description": "Description", "webhook_types": "Types of events, with spaces between them", "webhook_types_short": "Types of events", "webhook_types_hint": "Such as payment.succeeded or refund.*; leave it empty for all.", "webhook_all": "all types",
		"webhook_version": "Version of the payloads", "webhook_version_is": "version %s", "webhook_thin": "Thin: payloads name their object and do not hold it", "webhook_is_thin": "thin", "webhook_ordered": "In order: an event of an object waits for those before it", "webhook_is_ordered": "in order",
		"webhook_proof": "To add, change or delete an endpoint you must have proved yourself within five minutes.", "webhook_secret": "Secret", "webhook_public": "Public key", "webhook_secret_why": "Deliveries are signed with the secret (v1) and can be checked with the public key, too (v1a).", "webhook_both_until": "Deliveries carry the signatures of the secret before, too, until %s.",
		"state_enabled": "enabled", "state_gone": "disabled: it answered that it is gone", "state_exhausted": "disabled: nothing got through for three days", "state_requested": "disabled by your merchant", "webhook_disabled_at": "Disabled since %s: nothing is delivered.", "webhook_failing": "Every attempt has failed since %s.",
		"webhook_change": "Change the endpoint", "webhook_settings": "Settings", "webhook_disable": "Disable", "webhook_disable_hint": "It gets events. Disabled, it misses those that happen meanwhile.", "webhook_enable_hint": "It gets no events. Enabled, it gets those that happen from then on, and what waits.",
		"webhook_rotate": "Make another secret", "webhook_overlap": "The old secret signs, too, for", "overlap_day": "a day", "overlap_hour": "an hour", "overlap_week": "a week", "overlap_none": "no time: it has been seen by others", "webhook_overlap_hint": "Meanwhile give your server the new one: nothing is lost.",
		"webhook_delete": "Delete the endpoint", "webhook_delete_hint": "It ends for good, and what is on its way to it is not delivered.",
		"deliveries": "Deliveries", "deliveries_which": "Which deliveries", "deliveries_all": "all", "deliveries_none": "There are no deliveries here.", "state_pending": "on its way", "state_delivered": "delivered", "state_failed": "failed", "tries": "attempts: %d", "due": "next one %s", "delivered_at": "delivered %s", "newer": "Newer", "older": "Older",
		"delivery_event": "Event", "delivery_object": "Object", "delivery_id": "Delivery", "delivery_due": "Next attempt", "delivery_waits": "The endpoint is disabled: nothing is delivered to it.", "webhook_deleted": "The endpoint was deleted.", "delivery_back": "All deliveries of the endpoint", "attempts": "Attempts: %d", "attempts_none": "Nothing has been tried yet. Load the page again in a moment.", "attempt": "Attempt %d",
		"status_code": "status %d", "status_none": "no answer", "attempt_answer": "What came back", "attempt_request": "What was sent", "headers": "Header", "body": "Body", "body_none": "empty",
		"again": "Deliver again", "again_span": "Deliver a span of time again", "again_from": "From (UTC)", "again_to": "To (UTC)", "again_hint": "Leave the end out for all until now. The end's minute is included.", "again_delivered": "Those too that were delivered already", "again_sent": "Events on their way again: %d.", "again_more": "Events on their way again: %d. There are more: the form below goes on from there.",
	},
	scopes: map[string]string{
		"openid": "know that it is you", "profile": "know your name and language", "email": "know your e-mail address", "cards:read": "see saved cards", "cards:write": "save cards", "disputes:read": "see disputes", "disputes:write": "answer disputes",
		"events:read": "read the log of events", "grants:read": "see what you have allowed it", "grants:write": "give up what you have allowed it", "ledger:read": "read accounts and transfers", "merchants:read": "see the merchant and its balance",
		"payers:read": "see your payer profile", "payers:write": "create payers", "payments:read": "see the payments that it makes", "payments:write": "make payments, up to the limits below", "refunds:read": "see refunds", "refunds:write": "make refunds", "wallets:read": "see your wallets and what is in them", "wallets:write": "change wallets, top them up and send from them",
	},
	roles: map[identity.Role]string{
		identity.Operator: "operator", identity.Owner: "owner", identity.Admin: "admin", identity.Finance: "finance", identity.Support: "support", identity.Developer: "developer", identity.ReadOnly: "reader",
	},
	// The rooms' own sentences do, but for those that speak to programs.
	refusals: map[string]string{
		"not_found": "There is no such thing, or it is not yours.", "unavailable": "We cannot answer now. Try again.", "internal": "Something broke on our side. Try again later.",
		"invalid_locale": "Choose English or Chinese.", "oauth_invalid_authorization_details": "The application asks for limits that cannot be allowed.",
	},
	records: map[string]string{ //nolint:gosec // sentences, no secrets
		"claim.made": "A code for a payer was made", "passkey.added": "A passkey was added", "passkey.refused": "A passkey was refused", "passkey.regressed": "A passkey may have been copied",
		"passkey.renamed": "A passkey was renamed", "passkey.revoked": "A passkey was revoked", "password.changed": "The password was set", "password.removed": "The password was removed",
		"payer.linked": "Became a payer", "payer.unlinked": "Gave up a payer profile", "person.changed": "Name or language was changed", "person.closed": "Closed",
		"person.locked": "Signing in by password was locked", "person.signed_up": "Signed up", "recovery.renewed": "New recovery codes were made", "recovery.used": "A recovery code was used",
		"role.ended": "A role ended", "role.given": "A role was given", "session.begun": "Signed in", "session.ended": "Signed out", "session.refused": "A sign-in was refused",
		"session.stepped_up": "Proved again", "totp.enrolled": "An authenticator app was connected", "totp.removed": "The authenticator app was disconnected",
		"webhook_endpoint.changed": "An endpoint was changed", "webhook_endpoint.created": "An endpoint was made", "webhook_endpoint.deleted": "An endpoint was deleted",
		"webhook_endpoint.disabled": "An endpoint was disabled", "webhook_endpoint.enabled": "An endpoint was enabled", "webhook_endpoint.rotated": "An endpoint got another secret",
	},
	results: map[string]string{
		"ok": "done", "unknown": "unknown", "closed": "the account is closed", "locked": "the password is locked", "password_wrong": "wrong password", "code_wrong": "wrong code",
		"passkey_refused": "passkey refused", "passkey_cloned": "the passkey may be a copy", "challenge_expired": "too late",
	},
	units: map[rune][2]string{'Y': {"year", "years"}, 'M': {"month", "months"}, 'W': {"week", "weeks"}, 'D': {"day", "days"}, 'H': {"hour", "hours"}},
}
