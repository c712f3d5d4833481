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
	},
	results: map[string]string{
		"ok": "done", "unknown": "unknown", "closed": "the account is closed", "locked": "the password is locked", "password_wrong": "wrong password", "code_wrong": "wrong code",
		"passkey_refused": "passkey refused", "passkey_cloned": "the passkey may be a copy", "challenge_expired": "too late",
	},
	units: map[rune][2]string{'Y': {"year", "years"}, 'M': {"month", "months"}, 'W': {"week", "weeks"}, 'D': {"day", "days"}, 'H': {"hour", "hours"}},
}
