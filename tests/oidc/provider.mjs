// A certified OpenID provider for the tests: oidc-provider with its development login (any name, any password).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , folder, port, redirect, secret] = process.argv;
const { Provider } = await import(pathToFileURL(createRequire(`${folder}/`).resolve('oidc-provider')));
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id: 'taskforce',
    client_secret: secret,
    redirect_uris: [redirect],
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  pkce: { required: () => true },
  cookies: { keys: ['only for tests'] },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
