package oauth

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/florinpay/florin/internal/label"
)

const (
	listMax     = 32   // addresses or scopes of a client
	addressMax  = 1000 // bytes of one
	nameRuneMax = 100
)

func metadataFail(text string) *Fail { return fail("invalid_client_metadata", text) }

// check judges what a client is to be registered with. Source: RFC 7591 §3.2.2, FAPI 2.0
// SP §5.3.
func (d *Draft) check(c *Config) *Fail {
	d.Bound = d.Bound || d.FAPI
	if d.ScopesMax == nil {
		d.ScopesMax = d.Scopes
	}
	switch {
	case !label.Shown(d.Name) || utf8.RuneCountInString(d.Name) > nameRuneMax:
		return metadataFail("The name must have 1 to 100 characters, some of them visible and none that control others.")
	case !oneOf([]string{string(PrivateKeyJWT), string(TLSSubject), string(TLSOwnKey), string(SecretBasic), string(Public)}, string(d.Auth)):
		return metadataFail("token_endpoint_auth_method is not supported.")
	case d.Auth == TLSSubject && c.ClientCAs == nil:
		return metadataFail("tls_client_auth is not offered here.")
	case d.Auth == TLSSubject && d.Subject == "":
		return metadataFail("tls_client_auth needs tls_client_auth_subject_dn.")
	case len(d.Subject) > addressMax, !label.Plain(d.Subject):
		return metadataFail("tls_client_auth_subject_dn cannot be used.")
	case len(d.Grants) == 0 || !within(d.Grants, []string{CodeGrant, RefreshGrant, OwnGrant, DeviceGrant}):
		return metadataFail("grant_types are not supported.")
	case d.Auth == Public && oneOf(d.Grants, OwnGrant):
		return metadataFail("A client that proves nothing cannot act for itself.")
	case oneOf(d.Grants, RefreshGrant) && !oneOf(d.Grants, CodeGrant) && !oneOf(d.Grants, DeviceGrant):
		return metadataFail("refresh_token needs authorization_code or the device grant.")
	case len(d.Scopes) > listMax || !within(d.Scopes, append([]string{"openid"}, c.Scopes...)):
		return metadataFail("A scope is unknown.")
	case !within(d.Scopes, d.ScopesMax):
		return metadataFail("A scope is more than the client may have.")
	case !within(d.DetailTypes, []string{detailPayment}):
		return metadataFail("A type of authorization_details is unknown.")
	case d.FAPI && !oneOf([]string{string(PrivateKeyJWT), string(TLSSubject), string(TLSOwnKey)}, string(d.Auth)):
		return metadataFail("FAPI 2.0 needs private_key_jwt or a certificate.")
	case d.Live && !d.FAPI && (overlap(d.Scopes, c.MoneyScopes) || len(d.DetailTypes) > 0):
		return metadataFail("In live mode, what moves money needs the FAPI 2.0 profile.")
	}
	if f := d.checkKeys(); f != nil {
		return f
	}
	return d.checkAddresses()
}

func (d *Draft) checkKeys() *Fail {
	if d.Keys == "" {
		if d.Auth == PrivateKeyJWT || d.Auth == TLSOwnKey || d.SignedRequests {
			return metadataFail("Send the client's public keys in jwks.")
		}
		return nil
	}
	if _, err := parseKeys(d.Keys); err != nil {
		return metadataFail("jwks cannot be used: " + err.Error() + ".")
	}
	return nil
}

func (d *Draft) checkAddresses() *Fail {
	if len(d.Redirects) > listMax || len(d.LogoutRedirects) > listMax || len(d.Origins) > listMax {
		return metadataFail("There are too many addresses.")
	}
	if oneOf(d.Grants, CodeGrant) != (len(d.Redirects) > 0) {
		return fail("invalid_redirect_uri", "The authorization_code grant needs redirect_uris, and nothing else does.")
	}
	for _, u := range append(slices.Clone(d.Redirects), d.LogoutRedirects...) {
		if !d.redirectable(u) {
			return fail("invalid_redirect_uri", "A redirect address must be an absolute https URL without a fragment; that of a native app may be http on 127.0.0.1 or [::1], without a port.")
		}
	}
	for _, o := range d.Origins {
		u, err := url.Parse(o)
		if err != nil || !secure(u) || u.Scheme+"://"+u.Host != o || o != strings.ToLower(o) {
			return metadataFail("An origin must be https, a host and nothing more, in lower case.")
		}
	}
	return nil
}

// redirectable judges an address at registration. Source: RFC 9700 §2.1, RFC 8252 §7.3.
func (d *Draft) redirectable(text string) bool {
	u, err := url.Parse(text)
	if err != nil || len(text) > addressMax || strings.ContainsFunc(text, unsafeInAddress) || strings.ContainsAny(text, "#") || u.User != nil || u.Opaque != "" || u.String() != text {
		return false
	}
	if secure(u) {
		return !strings.Contains(u.Host, "*")
	}
	return d.Native && !d.FAPI && u.Scheme == "http" && u.Port() == "" && loopback(u.Hostname())
}

// unsafeInAddress finds what could break a header, a list of addresses, or a reader.
func unsafeInAddress(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
}

func secure(u *url.URL) bool { return u.Scheme == "https" && u.Hostname() != "" }

// loopback reports whether a host is the machine itself by number: a name can be made to
// lead elsewhere.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() && ip.Zone() == ""
}

// redirects compares an address letter by letter with the registered ones; a native app's
// loopback address may have any port. Source: RFC 9700 §4.1.3, RFC 8252 §7.3.
func (c *Client) redirects(text string) bool {
	if oneOf(c.Redirects, text) {
		return true
	}
	u, err := url.Parse(text)
	if !c.Native || err != nil || u.Scheme != "http" || u.Port() == "" || !loopback(u.Hostname()) || strings.Contains(text, "#") || u.User != nil {
		return false
	}
	return oneOf(c.Redirects, withoutPort(text, u.Port()))
}

// withoutPort cuts the port after the host, which for IPv6 stands after the bracket.
func withoutPort(text, port string) string {
	i := strings.Index(text, "://") + len("://")
	end := len(text)
	if slash := strings.IndexAny(text[i:], "/?"); slash >= 0 {
		end = i + slash
	}
	return strings.TrimSuffix(text[:end], ":"+port) + text[end:]
}

// within reports whether all of some words are in a list, each once.
func within(some, list []string) bool {
	for i, s := range some {
		if !oneOf(list, s) || oneOf(some[:i], s) {
			return false
		}
	}
	return true
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return oneOf(b, s) })
}
