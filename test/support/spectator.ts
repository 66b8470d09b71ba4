/** Signs what a test itself asks AWS, so that it is told from what Slipway does. */
export const SPECTATOR = { accessKeyId: 'spectator', secretAccessKey: 'spectator' };
