package oauth

import (
	"context"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// The paths of our endpoints.
const (
	pathOpenID     = "/.well-known/openid-configuration"
	pathServer     = "/.well-known/oauth-authorization-server"
	pathKeys       = "/oauth/jwks"
	pathPush       = "/oauth/par"
	pathToken      = "/oauth/token" //nolint:gosec // an address, not a credential
	pathIntrospect = "/oauth/introspect"
	pathRevoke     = "/oauth/revoke"
	pathDevice     = "/oauth/device_authorization"
	pathRegister   = "/oauth/register"
	pathUserinfo   = "/oauth/userinfo"
)

// publicFor lets others keep what we publish, for less than a key is published before it signs.
const publicFor = "public, max-age=3600"

// metadata is the one document of both addresses. Source: RFC 8414 §2, OpenID Connect
// Discovery 1.0 §3, RFC 9126 §5, RFC 9449 §5.1, RFC 8705 §3.3, RFC 9396 §10, RFC 9207 §3,
// RFC 9701 §7, JARM §3.
func (s *Server) metadata() map[string]any {
	signs := []string{string(jose.ES256)}
	auths := []Auth{PrivateKeyJWT, TLSOwnKey, SecretBasic, Public}
	if s.config.ClientCAs != nil {
		auths = append(auths, TLSSubject)
	}
	at := func(path string) string { return s.config.Issuer + path }
	m := map[string]any{
		"issuer": s.config.Issuer, "authorization_endpoint": at(AuthorizePath), "end_session_endpoint": at(LogoutPath),
		"token_endpoint": at(pathToken), "jwks_uri": at(pathKeys), "userinfo_endpoint": at(pathUserinfo), "registration_endpoint": at(pathRegister),
		"pushed_authorization_request_endpoint": at(pathPush), "introspection_endpoint": at(pathIntrospect), "revocation_endpoint": at(pathRevoke),
		"device_authorization_endpoint": at(pathDevice),

		"response_types_supported": []string{"code"}, "response_modes_supported": []string{"query", "jwt", "query.jwt"},
		"grant_types_supported":            []string{CodeGrant, RefreshGrant, OwnGrant, DeviceGrant},
		"code_challenge_methods_supported": []string{"S256"}, "subject_types_supported": []string{"public"},
		"scopes_supported": append([]string{"openid"}, s.config.Scopes...), "authorization_details_types_supported": []string{detailPayment},
		"prompt_values_supported": []string{"none", "login", "consent", "select_account"},
		"claims_supported":        []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce"},

		"token_endpoint_auth_methods_supported": auths, "token_endpoint_auth_signing_alg_values_supported": algNames,
		"introspection_endpoint_auth_methods_supported": auths, "introspection_endpoint_auth_signing_alg_values_supported": algNames,
		"revocation_endpoint_auth_methods_supported": auths, "revocation_endpoint_auth_signing_alg_values_supported": algNames,
		"request_object_signing_alg_values_supported": algNames, "dpop_signing_alg_values_supported": algNames,
		"id_token_signing_alg_values_supported": signs, "authorization_signing_alg_values_supported": signs,
		"introspection_signing_alg_values_supported": signs,

		"request_parameter_supported": true, "request_uri_parameter_supported": false, "claims_parameter_supported": false,
		"require_pushed_authorization_requests": false, "authorization_response_iss_parameter_supported": true,
		"tls_client_certificate_bound_access_tokens": true,
	}
	if len(s.config.ACRs) > 0 {
		m["acr_values_supported"] = s.config.ACRs
	}
	if len(s.config.Locales) > 0 {
		m["ui_locales_supported"] = s.config.Locales
	}
	if s.config.MTLS != "" {
		m["mtls_endpoint_aliases"] = map[string]string{
			"token_endpoint": s.config.MTLS + pathToken, "pushed_authorization_request_endpoint": s.config.MTLS + pathPush,
			"introspection_endpoint": s.config.MTLS + pathIntrospect, "revocation_endpoint": s.config.MTLS + pathRevoke,
			"device_authorization_endpoint": s.config.MTLS + pathDevice, "userinfo_endpoint": s.config.MTLS + pathUserinfo,
		}
	}
	return m
}

func (s *Server) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", publicFor)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	answer(w, http.StatusOK, s.metadata())
}

// serveKeys publishes the keys that sign, will sign, or have signed what still lives.
// Source: RFC 7517 §5.
func (s *Server) serveKeys(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callFor)
	defer cancel()
	ring, err := s.keyring.get(ctx)
	if err != nil {
		failOf(err).write(w)
		return
	}
	set, now := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}, s.clock.Now()
	for _, kid := range ring.order {
		if k := ring.public[kid]; k.until.IsZero() || now.Before(k.until) {
			set.Keys = append(set.Keys, k.jwk)
		}
	}
	w.Header().Set("Cache-Control", publicFor)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	answer(w, http.StatusOK, set)
}
