package oauth

// token is the token endpoint. Source: RFC 6749 §3.2.
func (s *Server) token(c *call) (*reply, error) {
	kind := c.form.Get("grant_type")
	run, there := map[string]func(*call, binding) (*tokens, error){
		CodeGrant: s.redeem, RefreshGrant: s.renew, OwnGrant: s.itself, DeviceGrant: s.poll,
	}[kind]
	switch {
	case kind == "":
		return nil, invalid("Send grant_type.")
	case !there:
		return nil, fail("unsupported_grant_type", "There is no such grant.")
	case !c.client.may(kind):
		return nil, fail("unauthorized_client", "The client is not registered for this grant.")
	}
	if r := c.form.Get("resource"); r != "" && r != s.audience() {
		return nil, fail("invalid_target", "The resource is not ours.") // RFC 8707 §2
	}
	b, err := c.binding()
	if err != nil {
		return nil, err
	}
	out, err := run(c, b)
	if err != nil {
		return nil, err
	}
	return ok(out), nil
}

// itself gives a client a token of its own. Nothing is written for it but the name of the
// assertion. Source: RFC 6749 §4.4.
func (s *Server) itself(c *call, b binding) (*tokens, error) {
	if c.form.Has("authorization_details") {
		return nil, fail("invalid_authorization_details", "A client that acts for itself has no limits to carry.")
	}
	scopes, f := c.client.scopesOf(c.form.Get("scope"))
	if f != nil {
		return nil, f
	}
	if oneOf(scopes, "openid") {
		return nil, fail("invalid_scope", "openid is about a person.")
	}
	if scopes == nil {
		for _, s := range c.client.Scopes {
			if s != "openid" {
				scopes = append(scopes, s)
			}
		}
	}
	a := &approval{Client: c.client.ID, Merchant: c.client.Merchant, Live: c.client.Live}
	return c.mint(a, scopes, b, "")
}

// AboutPerson reports whether scopes tell who somebody is and open nothing else. Source:
// OpenID Connect Core §5.4.
func AboutPerson(scopes []string) bool { return within(scopes, []string{"openid", "profile", "email"}) }

// spendable holds live money to the FAPI profile, also for a client that was registered
// when the list of money scopes was another, or that has left the profile since.
func (c *Client) spendable(scopes []string, details []Detail, config *Config) *Fail {
	if c.Live && !c.FAPI && (overlap(scopes, config.MoneyScopes) || len(details) > 0) {
		return fail("invalid_scope", "In live mode, what moves money needs the FAPI 2.0 profile.")
	}
	return nil
}
