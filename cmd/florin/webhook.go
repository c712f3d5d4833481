package main

import (
	"fmt"
	"net/netip"

	"github.com/florinpay/florin/internal/webhook"
)

// webhookSource says where deliveries of events may go besides the Internet.
type webhookSource struct {
	WebhookNetwork []netip.Prefix `help:"Network of your own, such as 10.1.0.0/16, to whose addresses webhooks may go: at any port, and by http. Without it they go to public addresses by https only." name:"webhook-network" placeholder:"CIDR" env:"FLORIN_WEBHOOK_NETWORK"`
}

// Validate refuses networks that are more than one's own. Kong calls it.
func (c webhookSource) Validate() error {
	for _, n := range c.WebhookNetwork {
		switch {
		case n.Addr().Is4() && n.Bits() < 8, n.Addr().Is6() && n.Bits() < 16, n.Addr().Is4In6():
			return fmt.Errorf("--webhook-network %s is more than a network of one's own: name the networks that endpoints are in", n)
		case n.Addr().IsLinkLocalUnicast(), n.Addr().IsMulticast(), n.Addr().IsUnspecified():
			return fmt.Errorf("--webhook-network %s: there are the machine's own secrets, or nobody; nothing is delivered there", n)
		}
	}
	return nil
}

func (c webhookSource) targets() webhook.Targets { return webhook.Targets{Networks: c.WebhookNetwork} }
