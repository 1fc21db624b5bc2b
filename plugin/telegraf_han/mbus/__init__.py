"""M-Bus by layer, wireless and wired: link, extended link, authentication, transport, security, application (EN 13757, OMS)."""
