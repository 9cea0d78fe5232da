//! What the application proves itself with: a secret, a certificate, a federated credential, the machine's identity.
//!
//! Sources: Microsoft Learn, "Add and manage app credentials", "az ad app credential reset", "az vm identity assign";
//! microsoft-facts H.8, H.9. Checked 2026-11-27.

use super::{About, Block, Style};
use crate::wizard::steps::Kind;

pub(super) fn credential(about: &About<'_>) -> Vec<Block> {
    match about.auth {
        _ if about.kind == Kind::Machine => vec![
            Block::text("Switch the identity of the machine on (its page in the portal, Identity), or:"),
            Block::sh("az vm identity assign --resource-group GROUP --name MACHINE\n"),
        ],
        "certificate" => certificate(about.style),
        "federated" => vec![Block::text(
            "The registration, Certificates & secrets, Federated credentials, Add credential: issuer, subject and \
             audience must equal those of the token letter by letter; o365doctor check-token shows them.",
        )],
        _ => secret(about.style),
    }
}

fn certificate(style: Style) -> Vec<Block> {
    let mut blocks = vec![
        Block::text("If there is none yet: app.pem gets the key and stays here; certificate.pem is the public part."),
        Block::sh(
            "(umask 077; openssl req -x509 -newkey rsa:2048 -nodes -days 365 \\\n  \
             -subj /CN=mail -keyout app.pem -out certificate.pem\n \
             cat certificate.pem >> app.pem)\n",
        ),
    ];
    if style == Style::Az {
        blocks.push(Block::sh(
            "az ad app credential reset --id {{ client_id | sh }} \\\n  --append --cert @certificate.pem\n",
        ));
        blocks.push(Block::text("Without --append the command deletes what is there."));
    } else {
        blocks.push(Block::text(
            "The registration, Certificates & secrets, Certificates, Upload certificate: certificate.pem, nothing else.",
        ));
    }
    blocks
}

fn secret(style: Style) -> Vec<Block> {
    match style {
        Style::Portal => vec![Block::list(&[
            "The registration, Certificates & secrets, Client secrets, New client secret.",
            "Copy the Value at once (not the Secret ID); it is shown only now.",
            "Put it into a file that is yours alone: umask 077; cat > client-secret.txt",
        ])],
        Style::Az => vec![
            Block::sh(
                "(umask 077; az ad app credential reset --append --years 1 \\\n  \
                 --id {{ client_id | sh }} --display-name mail \\\n  --query password -o tsv > client-secret.txt)\n",
            ),
            Block::text("Without --append the command deletes what is there."),
        ],
        Style::Graph => vec![Block::ps(
            "$id = {{ client_id | ps }}\n$app = Get-MgApplication -Filter \"appId eq '$id'\"\n\
             $new = @{ displayName = 'mail'; endDateTime = (Get-Date).AddYears(1) }\n\
             $secret = Add-MgApplicationPassword -ApplicationId $app.Id `\n  -PasswordCredential $new\n\
             $secret.SecretText\n",
        )],
    }
}
