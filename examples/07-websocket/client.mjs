// Opens a WebSocket, sends two messages, prints what comes back. `node client.mjs URL`
const socket = new WebSocket(process.argv[2] ?? 'ws://localhost:8080/rooms/1');
const messages = ['hello', 'goodbye'];

socket.onopen = () => socket.send(messages[0]);
socket.onmessage = ({ data }) => {
  console.log(data);
  messages.shift();
  if (messages.length > 0) socket.send(messages[0]);
  else socket.close(1000);
};
socket.onclose = ({ code }) => console.log(`closed with ${code}`);
socket.onerror = () => {
  console.error(`no WebSocket at ${socket.url}`);
  process.exitCode = 1;
};
