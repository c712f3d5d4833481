// Package web serves the pages where people sign in, consent and look after their proofs.
// It decides nothing: the rooms of persons, clients and grants do, and their refusals come
// back on the page.
//
//	site.go      where the pages are, and what every answer's header says
//	visit.go     one request: its language, its session, its answer
//	signup.go signin.go passkey.go stepup.go    who somebody is
//	authorize.go consent.go device.go logout.go what a client asks of them
//	me.go security.go sessions.go grants.go payers.go clients.go    what is theirs
//	webhooks.go endpoint.go deliveries.go       where a merchant's events go, and what became of them
//	words*.go    every sentence, in English and Simplified Chinese
//	pages/       templates; assets/ style and small modules for the browser
//
// Rules that always hold:
//   - nothing loads from elsewhere, nothing is written inside a page that runs, no page
//     can be framed;
//   - a post from another site is refused (Sec-Fetch-Site, Origin), and answers with a
//     redirect by 303;
//   - a cookie is readable by the server only; an address never carries a secret;
//   - after signing in one goes to a page of this server, or to nowhere.
//
// All pages work without scripts, but for passkeys. Source: WCAG 2.2; CSP Level 3; RFC
// 6265bis §4.1.3 (__Host-).
package web
